/* Transposed convolution over NHWC, int16 with int8 weights to int64 sums, in groups of channels: a sum starts at
 * b[o] and runs over the kernel's rows, its columns, then channels; a place of x counts where it times the stride
 * plus the tap meets the place of y. x [batch][height][width][channels], w [out][kernel_y][kernel_x][channels /
 * groups], b [out], y [batch][rows][columns][out]; groups divides channels and out; values and weights count less
 * their zero points. |b| stays below 2^62. */
/* mutant: "px >= width" -> "px > width" */
/* mutant: "in[c] - x_zero" -> "in[c] + x_zero" */
/* mutant: "weights[c] - w_zero" -> "weights[c] + w_zero" */
/* mutant: "o / (out / groups)" -> "0 * o" */
/* mutant: "left - kx" -> "left + kx" */
#include "ts_kernel.h"

void ts_conv_transpose2d_int16(
    const int16_t *x, const int8_t *w, const int64_t *b, int64_t *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t out, int32_t groups,
    int32_t x_zero, int32_t w_zero) {
    int32_t depth = channels / groups;
    for (int32_t place = 0; place < batch * rows * columns; place++) {
        const int16_t *picture = x + place / (rows * columns) * height * width * channels;
        for (int32_t o = 0; o < out; o++) {
            int32_t first = o / (out / groups) * depth;
            int64_t sum = b[o];
            for (int32_t ky = 0; ky < kernel_y; ky++) {
                for (int32_t kx = 0; kx < kernel_x; kx++) {
                    int32_t from_y = place / columns % rows + top - ky * dilation_y;
                    int32_t from_x = place % columns + left - kx * dilation_x;
                    int32_t py = from_y / stride_y;
                    int32_t px = from_x / stride_x;
                    if (from_y < 0 || from_x < 0 || py >= height || px >= width ||
                        py * stride_y != from_y || px * stride_x != from_x) {
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
