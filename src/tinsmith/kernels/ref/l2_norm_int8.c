/* Rows over the root of their sum of squares, int8 in fixed point; the result has scale 1/128 and zero point 0.
 * x, y [rows][depth], depth <= 32768; zero: zero point of x. y may not be x.
 * Source: TensorFlow Lite, lite/kernels/internal/reference/integer_ops/l2normalization.h and
 * lite/kernels/internal/common.h, GetInvSqrtQuantizedMultiplierExp. */
#include "ts_fixed.h"

/* Rounded upper half of twice a product. */
static inline int32_t ts_upper_half(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
}

/* 1 / sqrt(n), nearly: the multiplier; *shift as ts_scale_double takes it. Newton's iteration with three bits before
 * the point. */
static int32_t ts_inverse_root(int32_t n, int32_t *shift) {
    *shift = 0;
    if (n <= 1) {
        return INT32_MAX;
    }
    int32_t down = 11;
    for (; n >= 1 << 29; n /= 4) {
        down++;
    }
    for (; n < 1 << 27; n *= 4) {
        down--;
    }
    int32_t half = ((n >> 1) + 1) >> 1;
    int32_t x = 1 << 28;
    for (int32_t step = 0; step < 5; step++) {
        int32_t cube = ts_saturate((int64_t)ts_upper_half(ts_upper_half(x, x), x) * 64);
        int64_t next = (int64_t)ts_upper_half(3 << 27, x) - ts_upper_half(half, cube);
        x = ts_saturate(next * 8);
    }
    int32_t root = ts_upper_half(x, 1518500250);
    *shift = down < 0 ? 0 : -down;
    return down < 0 ? (int32_t)((int64_t)root * ((int64_t)1 << -down)) : root;
}

void ts_l2_norm_int8(const int8_t *x, int8_t *y, int32_t rows, int32_t depth, int32_t zero) {
    for (int32_t r = 0; r < rows; r++) {
        const int8_t *in = x + r * depth;
        int32_t sum = 0;
        for (int32_t i = 0; i < depth; i++) {
            sum += (in[i] - zero) * (in[i] - zero);
        }
        int32_t shift;
        int32_t multiplier = ts_inverse_root(sum, &shift);
        for (int32_t i = 0; i < depth; i++) {
            int32_t value = ts_scale_double(in[i] - zero, multiplier, shift + 7);
            y[r * depth + i] = (int8_t)(value < -128 ? -128 : (value > 127 ? 127 : value));
        }
    }
}
