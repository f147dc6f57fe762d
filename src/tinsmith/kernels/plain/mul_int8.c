/* Product of int8, both operands less their zero points, brought to int8 as ts_plain.h says. x, y [n], b [period * blocks],
 * which repeats as ts_repeat.inc says. y may be x, or a b of n elements. */
#include "ts_plain.h"

void ts_plain_mul_int8(const int8_t *x, const int8_t *b, int8_t *y, int32_t n, int32_t period, int32_t block,
                       int32_t blocks, int32_t x_zero, int32_t b_zero, int32_t m, int32_t bits, int32_t twice,
                       int32_t sign, int32_t base, int32_t span, int32_t high) {
    ts_plain_result to = {(uint32_t)twice, sign, base, span, high};
#define TS_EACH(x, b) y[i] = ts_plain_requantised(((x) - x_zero) * ((b) - b_zero), m, bits, to)
#include "ts_repeat.inc"
}
