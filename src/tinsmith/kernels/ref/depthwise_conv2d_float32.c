/* Convolution of each channel by itself over NHWC, float32, multiplier results per channel: a sum starts at b[o] and runs
 * over the kernel's rows, then its columns; places outside x are skipped.
 * x [batch][height][width][channels], w [kernel_y][kernel_x][out], b [out], y [batch][rows][columns][out];
 * out = channels * multiplier. */
/* mutant: "o / multiplier" -> "o % channels" */
/* mutant: "py >= height" -> "py > height" */
#include "ts_kernel.h"

void ts_depthwise_conv2d_float32(
    const float *x, const float *w, const float *b, float *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t multiplier) {
    int32_t out = channels * multiplier;
    for (int32_t place = 0; place < batch * rows * columns; place++) {
        const float *picture = x + place / (rows * columns) * height * width * channels;
        int32_t from_y = place / columns % rows * stride_y - top;
        int32_t from_x = place % columns * stride_x - left;
        for (int32_t o = 0; o < out; o++) {
            float sum = b[o];
            for (int32_t ky = 0; ky < kernel_y; ky++) {
                for (int32_t kx = 0; kx < kernel_x; kx++) {
                    int32_t py = from_y + ky * dilation_y;
                    int32_t px = from_x + kx * dilation_x;
                    if (py < 0 || py >= height || px < 0 || px >= width) {
                        continue;
                    }
                    float value = picture[(py * width + px) * channels + o / multiplier];
                    float weight = w[(ky * kernel_x + kx) * out + o];
                    sum += ts_f32(value * weight);
                }
            }
            y[place * out + o] = sum;
        }
    }
}
