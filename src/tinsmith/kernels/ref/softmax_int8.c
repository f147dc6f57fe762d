/* Softmax, int8, as TensorFlow Lite's reference computes it: e^(beta * scale * (x[r][i] - m)) over the sum of the row's, m
 * its maximum, in fixed point. beta * scale * 2^26 = multiplier * 2^(shift - 31), shift 0..30; differences below lowest
 * give 0. x, y [rows][n], n <= 4095; y has scale 1/256 and zero point -128. No branch depends on a value.
 * Source: TensorFlow Lite 8-bit quantization specification, operator SOFTMAX. */
#include "ts_fixed_exp.h"

/* Of a difference; at lowest or above it is no smaller than -31 in Q(5). */
static int32_t ts_softmax_exp(int32_t below, int32_t multiplier, int32_t shift, int32_t lowest) {
    int32_t counts = ~ts_negative(below - lowest);
    int32_t kept = ((below - lowest) & counts) + lowest;
    return ts_exp_fixed(ts_times(kept * (1 << shift), multiplier)) & counts;
}

void ts_softmax_int8(const int8_t *x, int8_t *y, int32_t rows, int32_t n,
                     int32_t multiplier, int32_t shift, int32_t lowest) {
    for (int32_t r = 0; r < rows; r++) {
        const int8_t *in = x + r * n;
        int32_t top = -128;
        for (int32_t i = 0; i < n; i++) {
            top += (in[i] - top) & ~ts_negative(in[i] - top);
        }
        int32_t sum = 0;
        for (int32_t i = 0; i < n; i++) {
            sum += ((ts_softmax_exp(in[i] - top, multiplier, shift, lowest) >> 11) + 1) >> 1;
        }
        int32_t bits;
        int32_t reciprocal = ts_reciprocal_fixed(sum, &bits);
        for (int32_t i = 0; i < n; i++) {
            int32_t e = ts_softmax_exp(in[i] - top, multiplier, shift, lowest);
            int32_t room = 255 - ((((ts_times_positive(reciprocal, e) >> 22) >> bits) + 1) >> 1);
            y[r * n + i] = (int8_t)(127 - (room & ~ts_negative(room)));
        }
    }
}
