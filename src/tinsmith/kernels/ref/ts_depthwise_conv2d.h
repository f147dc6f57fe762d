/* Body of ts_depthwise_conv2d_int8 and ts_depthwise_conv2d_int16, which say value_type (of x) and sum_type (of b and y):
 * convolution of each channel by itself over NHWC, multiplier results per channel, b[o] plus the products of x and w, each
 * less its zero point; places outside x are skipped. x [batch][height][width][channels], w [kernel_y][kernel_x][out],
 * b [out], y [batch][rows][columns][out]; out = channels * multiplier.
 * Source: TensorFlow Lite 8-bit quantization specification, operator DEPTHWISE_CONV_2D. */
/* mutant: "- x_zero)" -> "+ x_zero)" */
/* mutant: "- w_zero)" -> "+ w_zero)" */
/* mutant: "o / multiplier" -> "o % channels" */
/* mutant: "kx * dilation_x" -> "kx + dilation_x" */
    int32_t out = channels * multiplier;
    for (int32_t place = 0; place < batch * rows * columns; place++) {
        const value_type *picture = x + place / (rows * columns) * height * width * channels;
        int32_t from_y = place / columns % rows * stride_y - top;
        int32_t from_x = place % columns * stride_x - left;
        for (int32_t o = 0; o < out; o++) {
            sum_type sum = b[o];
            for (int32_t ky = 0; ky < kernel_y; ky++) {
                for (int32_t kx = 0; kx < kernel_x; kx++) {
                    int32_t py = from_y + ky * dilation_y;
                    int32_t px = from_x + kx * dilation_x;
                    if (py < 0 || py >= height || px < 0 || px >= width) {
                        continue;
                    }
                    value_type value = picture[(py * width + px) * channels + o / multiplier];
                    int8_t weight = w[(ky * kernel_x + kx) * out + o];
                    sum += (sum_type)((int32_t)value - x_zero) * ((int32_t)weight - w_zero);
                }
            }
            y[place * out + o] = sum;
        }
    }
