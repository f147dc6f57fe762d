/* Mean of a window over each channel of NHWC pictures, int8: of the places inside x, halves away from zero, or
 * upwards where half_up is not 0, clamped. The border is smaller than the window. Source: TensorFlow Lite 8-bit quantization specification, AVERAGE_POOL_2D.
 * x [batch][height][width][channels], y [batch][rows][columns][channels]. */
/* mutant: "sum > 0 ? count / 2" -> "sum > 0 ? (count - 1) / 2" */
/* mutant: "-(count / 2)" -> "count / 2" */
/* mutant: "count + count / 2" -> "count" */
/* mutant: "px < width" -> "px <= width" */
#include "ts_kernel.h"

void ts_avg_pool2d_int8(
    const int8_t *x, int8_t *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t low, int32_t high,
    int32_t half_up) {
    for (int32_t i = 0; i < batch * rows * columns * channels; i++) {
        int32_t place = i / channels;
        const int8_t *picture = x + place / (rows * columns) * height * width * channels;
        int32_t sum = 0;
        int32_t count = 0;
        for (int32_t ky = 0; ky < kernel_y; ky++) {
            for (int32_t kx = 0; kx < kernel_x; kx++) {
                int32_t py = place / columns % rows * stride_y - top + ky * dilation_y;
                int32_t px = place % columns * stride_x - left + kx * dilation_x;
                if (py >= 0 && py < height && px >= 0 && px < width) {
                    sum += picture[(py * width + px) * channels + i % channels];
                    count += 1;
                }
            }
        }
        int32_t mean = (sum + (sum > 0 ? count / 2 : -(count / 2))) / count;
        if (half_up != 0) {
            mean = (sum + 128 * count + count / 2) / count - 128;
        }
        y[i] = (int8_t)ts_clamp(mean, low, high);
    }
}
