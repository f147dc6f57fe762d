/* Convolution of each channel by itself over NHWC, int8 to int32 sums, multiplier results per channel: b[o] plus the
 * products of x and w, each less its zero point; places outside x are skipped. x [batch][height][width][channels], w
 * [kernel_y][kernel_x][out], b [out], y [batch][rows][columns][out]; out = channels * multiplier. |sum| stays below
 * 2^31 for fewer than 33 000 products. Source: TensorFlow Lite 8-bit quantization specification, operator
 * DEPTHWISE_CONV_2D. */
/* mutant: "- x_zero)" -> "+ x_zero)" */
/* mutant: "- w_zero)" -> "+ w_zero)" */
/* mutant: "o / multiplier" -> "o % channels" */
/* mutant: "kx * dilation_x" -> "kx + dilation_x" */
#include "ts_kernel.h"

void ts_depthwise_conv2d_int8(
    const int8_t *x, const int8_t *w, const int32_t *b, int32_t *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t multiplier, int32_t x_zero,
    int32_t w_zero) {
    int32_t out = channels * multiplier;
    for (int32_t place = 0; place < batch * rows * columns; place++) {
        const int8_t *picture = x + place / (rows * columns) * height * width * channels;
        int32_t from_y = place / columns % rows * stride_y - top;
        int32_t from_x = place % columns * stride_x - left;
        for (int32_t o = 0; o < out; o++) {
            int32_t sum = b[o];
            for (int32_t ky = 0; ky < kernel_y; ky++) {
                for (int32_t kx = 0; kx < kernel_x; kx++) {
                    int32_t py = from_y + ky * dilation_y;
                    int32_t px = from_x + kx * dilation_x;
                    if (py < 0 || py >= height || px < 0 || px >= width) {
                        continue;
                    }
                    int8_t value = picture[(py * width + px) * channels + o / multiplier];
                    int8_t weight = w[(ky * kernel_x + kx) * out + o];
                    sum += ((int32_t)value - x_zero) * ((int32_t)weight - w_zero);
                }
            }
            y[place * out + o] = sum;
        }
    }
}
