/* Body of ts_conv2d_int8 and ts_conv2d_int16, which say value_type (of x) and sum_type (of b and y): convolution over
 * NHWC in groups of channels, b[o] plus the products of x and w, each less its zero point; places outside x are skipped.
 * x [batch][height][width][channels], w [out][kernel_y][kernel_x][channels / groups], b [out],
 * y [batch][rows][columns][out]; groups divides channels and out. Source: TensorFlow Lite 8-bit quantization specification,
 * operator CONV_2D. */
/* mutant: "in[c] - x_zero" -> "in[c] + x_zero" */
/* mutant: "weights[c] - w_zero" -> "weights[c] + w_zero" */
/* mutant: "ky * dilation_y" -> "ky + dilation_y" */
/* mutant: "o / (out / groups)" -> "0 * o" */
    int32_t depth = channels / groups;
    for (int32_t place = 0; place < batch * rows * columns; place++) {
        const value_type *picture = x + place / (rows * columns) * height * width * channels;
        int32_t from_y = place / columns % rows * stride_y - top;
        int32_t from_x = place % columns * stride_x - left;
        for (int32_t o = 0; o < out; o++) {
            int32_t first = o / (out / groups) * depth;
            sum_type sum = b[o];
            for (int32_t ky = 0; ky < kernel_y; ky++) {
                for (int32_t kx = 0; kx < kernel_x; kx++) {
                    int32_t py = from_y + ky * dilation_y;
                    int32_t px = from_x + kx * dilation_x;
                    if (py < 0 || py >= height || px < 0 || px >= width) {
                        continue;
                    }
                    const value_type *in = picture + (py * width + px) * channels + first;
                    const int8_t *weights = w + ((o * kernel_y + ky) * kernel_x + kx) * depth;
                    for (int32_t c = 0; c < depth; c++) {
                        sum += (sum_type)((int32_t)in[c] - x_zero) * ((int32_t)weights[c] - w_zero);
                    }
                }
            }
            y[place * out + o] = sum;
        }
    }
