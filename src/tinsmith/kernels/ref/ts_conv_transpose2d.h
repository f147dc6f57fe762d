/* Body of ts_conv_transpose2d_int8 and ts_conv_transpose2d_int16, which say value_type (of x) and sum_type (of b and y):
 * transposed convolution over NHWC in groups of channels. A sum starts at b[o] and runs over the kernel's rows, its columns,
 * then channels; a place of x counts where it times the stride plus the tap meets the place of y; values and weights count
 * less their zero points. x [batch][height][width][channels], w [out][kernel_y][kernel_x][channels / groups], b [out],
 * y [batch][rows][columns][out]; groups divides channels and out. */
/* mutant: "px >= width" -> "px > width" */
/* mutant: "in[c] - x_zero" -> "in[c] + x_zero" */
/* mutant: "weights[c] - w_zero" -> "weights[c] + w_zero" */
/* mutant: "o / (out / groups)" -> "0 * o" */
/* mutant: "left - kx" -> "left + kx" */
    int32_t depth = channels / groups;
    for (int32_t place = 0; place < batch * rows * columns; place++) {
        const value_type *picture = x + place / (rows * columns) * height * width * channels;
        for (int32_t o = 0; o < out; o++) {
            int32_t first = o / (out / groups) * depth;
            sum_type sum = b[o];
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
                    const value_type *in = picture + (py * width + px) * channels + first;
                    const int8_t *weights = w + ((o * kernel_y + ky) * kernel_x + kx) * depth;
                    for (int32_t c = 0; c < depth; c++) {
                        int32_t value = (int32_t)in[c] - x_zero;
                        sum += (sum_type)value * ((int32_t)weights[c] - w_zero);
                    }
                }
            }
            y[place * out + o] = sum;
        }
    }
