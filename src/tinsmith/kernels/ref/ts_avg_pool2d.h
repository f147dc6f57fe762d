/* Body of ts_avg_pool2d_int8 and ts_avg_pool2d_int16, which say value_type (of x and y) and offset (which takes
 * its values to 0 or above): mean of a window over each channel of NHWC pictures, of the places inside x, halves away from
 * zero, or upwards where half_up is not 0, clamped. The border is smaller than the window.
 * x [batch][height][width][channels], y [batch][rows][columns][channels].
 * Source: TensorFlow Lite 8-bit quantization specification, AVERAGE_POOL_2D. */
/* mutant: "sum > 0 ? count / 2" -> "sum > 0 ? (count - 1) / 2" */
/* mutant: "-(count / 2)" -> "count / 2" */
/* mutant: "count + count / 2" -> "count" */
/* mutant: "px < width" -> "px <= width" */
    for (int32_t i = 0; i < batch * rows * columns * channels; i++) {
        int32_t place = i / channels;
        const value_type *picture = x + place / (rows * columns) * height * width * channels;
        int32_t sum = 0;
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
        int32_t mean = (sum + (sum > 0 ? count / 2 : -(count / 2))) / count;
        if (half_up != 0) {
            mean = (sum + offset * count + count / 2) / count - offset;
        }
        y[i] = (value_type)ts_clamp(mean, low, high);
    }
