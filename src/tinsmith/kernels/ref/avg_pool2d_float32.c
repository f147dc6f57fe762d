/* Mean of a window over each channel of NHWC pictures, float32: the sum from 0 on, row by row, divided by the number of
 * places inside x. The border is smaller than the window.
 * x [batch][height][width][channels], y [batch][rows][columns][channels]. */
#include "ts_float.h"

void ts_avg_pool2d_float32(
    const float *x, float *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left) {
    for (int32_t i = 0; i < batch * rows * columns * channels; i++) {
        int32_t place = i / channels;
        const float *picture = x + place / (rows * columns) * height * width * channels;
        float sum = 0.0f;
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
        y[i] = ts_div(sum, (float)count);
    }
}
