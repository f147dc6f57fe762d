/* Transposed convolution over NHWC, float32, in groups of channels: a sum starts at b[o] and runs over the kernel's rows,
 * its columns, then channels; a place of x counts where it times the stride plus the tap meets the place of y.
 * x [batch][height][width][channels], w [out][kernel_y][kernel_x][channels / groups], b [out],
 * y [batch][rows][columns][out]; groups divides channels and out. */
/* mutant: "px >= width" -> "px > width" */
/* mutant: "float sum = b[o];" -> "float sum = -b[o];" */
/* mutant: "o / (out / groups)" -> "0 * o" */
/* mutant: "left - kx" -> "left + kx" */
#include "ts_kernel.h"

void ts_conv_transpose2d_float32(
    const float *x, const float *w, const float *b, float *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t out, int32_t groups) {
    int32_t depth = channels / groups;
    for (int32_t place = 0; place < batch * rows * columns; place++) {
        const float *picture = x + place / (rows * columns) * height * width * channels;
        for (int32_t o = 0; o < out; o++) {
            int32_t first = o / (out / groups) * depth;
            float sum = b[o];
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
                    const float *in = picture + (py * width + px) * channels + first;
                    const float *weights = w + ((o * kernel_y + ky) * kernel_x + kx) * depth;
                    for (int32_t c = 0; c < depth; c++) {
                        sum += ts_f32(in[c] * weights[c]);
                    }
                }
            }
            y[place * out + o] = sum;
        }
    }
}
