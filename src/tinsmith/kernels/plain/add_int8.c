/* Sum, int8, as TensorFlow Lite defines it (ts_add_int8): both operands less their zero points, times 2^20, scaled to a
 * common step, rounded twice, added, scaled to the result's step. x, y [n], b [period * blocks], which repeats as
 * ts_repeat.inc says. Each operand's factor is m * 2^(-31 - bits), bits 0..31; m and bits - 1 of the sum, base, span and high
 * as in ts_plain.h, two roundings. y may be x, or a b of n elements. */
#include "ts_plain.h"

/* high = (value * 2^20 * m + 2^30) / 2^31, in two parts of which no product leaves 32 bits; then the shift, halves away from
 * zero. |value| <= 255. */
static inline int32_t ts_plain_scaled(int32_t value, int32_t m, int32_t bits) {
    int32_t high = value * (m >> 16) * 32 + ((value * (m & 0xFFFF) + 1024) >> 11);
    int32_t half = (1 << bits) >> 1;
    return (high + (ts_plain_negative(high) & (half == 0 ? 0 : -1)) + half) >> bits;
}

void ts_plain_add_int8(
    const int8_t *x, const int8_t *b, int8_t *y, int32_t n, int32_t period, int32_t block, int32_t blocks,
    int32_t x_zero, int32_t x_m, int32_t x_bits, int32_t b_zero, int32_t b_m, int32_t b_bits,
    int32_t m, int32_t bits, int32_t base, int32_t span, int32_t high) {
    ts_plain_result to = {(uint32_t)1 << 31, -1, base, span, high};
#define TS_EACH(x, b) \
    y[i] = ts_plain_requantised( \
        ts_plain_scaled((x) - x_zero, x_m, x_bits) + ts_plain_scaled((b) - b_zero, b_m, b_bits), m, bits, to)
#include "ts_repeat.inc"
}
