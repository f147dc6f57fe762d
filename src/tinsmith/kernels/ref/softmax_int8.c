/* Softmax, int8, as TensorFlow Lite's reference computes it: e^(beta * scale * (x[r][i] - m)) over the sum of the row's, m
 * its maximum, in fixed point. beta * scale * 2^26 = multiplier * 2^(shift - 31), shift 0..30; differences below lowest
 * give 0. x, y [rows][n], n <= 4095; y has scale 1/256 and zero point -128.
 * Source: TensorFlow Lite 8-bit quantization specification, operator SOFTMAX. */
#include "ts_fixed_exp.h"

void ts_softmax_int8(const int8_t *x, int8_t *y, int32_t rows, int32_t n,
                     int32_t multiplier, int32_t shift, int32_t lowest) {
    for (int32_t r = 0; r < rows; r++) {
        const int8_t *in = x + r * n;
        int32_t top = in[0];
        for (int32_t i = 1; i < n; i++) {
            top = in[i] > top ? in[i] : top;
        }
        int32_t sum = 0;
        for (int32_t i = 0; i < n; i++) {
            if (in[i] - top >= lowest) {
                sum += ts_halved(ts_exp_fixed(ts_scale_double(in[i] - top, multiplier, shift)), 12);
            }
        }
        int32_t bits;
        int32_t reciprocal = ts_reciprocal_fixed(sum, &bits);
        for (int32_t i = 0; i < n; i++) {
            int32_t below = in[i] - top;
            int32_t e = below < lowest ? 0 : ts_exp_fixed(ts_scale_double(below, multiplier, shift));
            y[r * n + i] = (int8_t)ts_clamp(ts_halved(ts_times(reciprocal, e), bits + 23) - 128, -128, 127);
        }
    }
}
