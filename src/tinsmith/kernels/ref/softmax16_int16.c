/* Softmax, int16, as TensorFlow Lite's reference computes it: a difference to the row's maximum, scaled so that
 * -65535..0 means -10..0, goes through a table of e^x; the sum's reciprocal comes from a table of 1 / (1 + x).
 * x, y [rows][n], n <= 32768; exps, reciprocals [513], 128 steps between two places. The factor of differences is
 * multiplier * 2^(shift - 31). Source: TensorFlow Lite, lite/kernels/internal/reference/softmax.h, SoftmaxInt16. */
#include "ts_fixed.h"

static inline int32_t between(const int16_t *table, int32_t x) {
    x = ts_clamp(x, -32768, 32767);
    int32_t base = table[256 + (x >> 7)];
    return base + (((table[257 + (x >> 7)] - base) * (x & 127) + 64) >> 7);
}

static inline int32_t share(const int16_t *exps, int32_t below, int32_t multiplier, int32_t shift) {
    int32_t scaled = ts_scale_double(below, multiplier, shift);
    return between(exps, (scaled < -65535 ? -65535 : scaled) + 32767);
}

void ts_softmax16_int16(const int16_t *x, const int16_t *exps, const int16_t *reciprocals, int16_t *y,
                        int32_t rows, int32_t n, int32_t multiplier, int32_t shift) {
    for (int32_t r = 0; r < rows; r++) {
        const int16_t *in = x + r * n;
        int32_t top = in[0];
        for (int32_t i = 1; i < n; i++) {
            top = in[i] > top ? in[i] : top;
        }
        int32_t total = 0;
        for (int32_t i = 0; i < n; i++) {
            total += share(exps, in[i] - top, multiplier, shift);
        }
        total = total < 1 ? 1 : total;
        int32_t bits = 1;
        while (bits < 31 && (total >> bits) != 0) {
            bits++;
        }
        int64_t narrow = ((int64_t)total * ((int64_t)1 << (31 - bits)) + (1 << 13)) >> 14;
        int32_t reciprocal = between(reciprocals, (int32_t)narrow - (1 << 15) - (1 << 16));
        int32_t by = bits > 1 ? bits - 1 : 1;
        for (int32_t i = 0; i < n; i++) {
            int64_t e = share(exps, in[i] - top, multiplier, shift);
            int64_t value = (e * reciprocal + ((int64_t)1 << (by - 1))) >> by;
            y[r * n + i] = (int16_t)(value < 0 ? 0 : (value > 32767 ? 32767 : value));
        }
    }
}
