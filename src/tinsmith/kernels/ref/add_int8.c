/* Sum, int8, as TensorFlow Lite defines it: both operands minus their zero points, shifted left by 20 bits, scaled to
 * a common step, added, scaled to the result's step. Factors are multiplier * 2^(shift - 31), rounded as in ts_scale_double.
 * x, y [n], b [period * blocks], which repeats as ts_repeat.inc says; zero points, low and high -128..127. y may be x, or a b
 * of n elements.
 * Source: TensorFlow Lite 8-bit quantization specification, operator ADD. */
#include "ts_fixed.h"

void ts_add_int8(const int8_t *x, const int8_t *b, int8_t *y, int32_t n,
                 int32_t period, int32_t block, int32_t blocks,
                 int32_t x_zero, int32_t x_multiplier, int32_t x_shift,
                 int32_t b_zero, int32_t b_multiplier, int32_t b_shift,
                 int32_t y_zero, int32_t y_multiplier, int32_t y_shift, int32_t low, int32_t high) {
#define TS_EACH(x, b)                                                                    \
    do {                                                                                \
        int32_t s = ts_scale_double(((x) - x_zero) * (1 << 20), x_multiplier, x_shift); \
        int32_t t = ts_scale_double(((b) - b_zero) * (1 << 20), b_multiplier, b_shift); \
        int32_t sum = ts_scale_double(s + t, y_multiplier, y_shift);                    \
        y[i] = (int8_t)ts_clamp(ts_clamp(sum, -1024, 1024) + y_zero, low, high);        \
    } while (0)
#include "ts_repeat.inc"
}
