/* Mean of a window over each channel of NHWC pictures, float32: the sum from 0 on, row by row, divided by the number of
 * places inside x. The border is smaller than the window.
 * x [batch][height][width][channels], y [batch][rows][across][channels]. */
#include "ts_float.h"
#include "ts_inside.h"

void ts_float_avg_pool2d_float32(
    const float *x, float *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t across, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left) {
    for (int32_t place = 0; place < batch * rows * across; place++, y += channels) {
        const float *picture = x + place / (rows * across) * height * width * channels;
        int32_t from_y = place / across % rows * stride_y - top;
        int32_t from_x = place % across * stride_x - left;
        int32_t down, along;
        from_y += ts_inside(from_y, kernel_y, dilation_y, height, &down) * dilation_y;
        from_x += ts_inside(from_x, kernel_x, dilation_x, width, &along) * dilation_x;
        for (int32_t c = 0; c < channels; c++) {
            const float *row = picture + (from_y * width + from_x) * channels + c;
            float sum = 0.0f;
            for (int32_t ky = 0; ky < down; ky++, row += dilation_y * width * channels) {
                const float *value = row;
                for (int32_t kx = 0; kx < along; kx++, value += dilation_x * channels) {
                    sum += *value;
                }
            }
            y[c] = ts_div(sum, (float)(down * along));
        }
    }
}
