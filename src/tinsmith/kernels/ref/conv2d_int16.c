/* Convolution over NHWC, int16 with int8 weights to int64 sums, in groups of channels: b[o] plus the products of x
 * and w, each less its zero point; places outside x are skipped. x [batch][height][width][channels], w
 * [out][kernel_y][kernel_x][channels / groups] b [out], y [batch][rows][columns][out]; groups divides channels and
 * out. |b| stays below 2^62. Source: TensorFlow Lite 8-bit quantization specification, operator CONV_2D. */
/* mutant: "in[c] - x_zero" -> "in[c] + x_zero" */
/* mutant: "weights[c] - w_zero" -> "weights[c] + w_zero" */
/* mutant: "ky * dilation_y" -> "ky + dilation_y" */
/* mutant: "o / (out / groups)" -> "0 * o" */
#include "ts_kernel.h"

void ts_conv2d_int16(
    const int16_t *x, const int8_t *w, const int64_t *b, int64_t *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t out, int32_t groups, int32_t x_zero,
    int32_t w_zero) {
    int32_t depth = channels / groups;
    for (int32_t place = 0; place < batch * rows * columns; place++) {
        const int16_t *picture = x + place / (rows * columns) * height * width * channels;
        int32_t from_y = place / columns % rows * stride_y - top;
        int32_t from_x = place % columns * stride_x - left;
        for (int32_t o = 0; o < out; o++) {
            int32_t first = o / (out / groups) * depth;
            int64_t sum = b[o];
            for (int32_t ky = 0; ky < kernel_y; ky++) {
                for (int32_t kx = 0; kx < kernel_x; kx++) {
                    int32_t py = from_y + ky * dilation_y;
                    int32_t px = from_x + kx * dilation_x;
                    if (py < 0 || py >= height || px < 0 || px >= width) {
                        continue;
                    }
                    const int16_t *in = picture + (py * width + px) * channels + first;
                    const int8_t *weights = w + ((o * kernel_y + ky) * kernel_x + kx) * depth;
                    for (int32_t c = 0; c < depth; c++) {
                        int32_t value = (int32_t)in[c] - x_zero;
                        sum += (int64_t)value * ((int32_t)weights[c] - w_zero);
                    }
                }
            }
            y[place * out + o] = sum;
        }
    }
}
