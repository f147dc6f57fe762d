/* Maximum of a window over each channel of NHWC pictures, int16: of the places inside x, clamped. The border is smaller
 * than the window. Source: TensorFlow Lite 8-bit quantization specification, MAX_POOL_2D.
 * x [batch][height][width][channels], y [batch][rows][columns][channels]. */
/* mutant: "count == 0 || value > best" -> "count < 2 || value > best" */
/* mutant: "px < width" -> "px <= width" */
#include "ts_kernel.h"

void ts_max_pool2d_int16(
    const int16_t *x, int16_t *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t low, int32_t high) {
    for (int32_t i = 0; i < batch * rows * columns * channels; i++) {
        int32_t place = i / channels;
        const int16_t *picture = x + place / (rows * columns) * height * width * channels;
        int16_t best = 0;
        int32_t count = 0;
        for (int32_t ky = 0; ky < kernel_y; ky++) {
            for (int32_t kx = 0; kx < kernel_x; kx++) {
                int32_t py = place / columns % rows * stride_y - top + ky * dilation_y;
                int32_t px = place % columns * stride_x - left + kx * dilation_x;
                if (py >= 0 && py < height && px >= 0 && px < width) {
                    int16_t value = picture[(py * width + px) * channels + i % channels];
                    best = count == 0 || value > best ? value : best;
                    count += 1;
                }
            }
        }
        y[i] = (int16_t)ts_clamp(best, low, high);
    }
}
