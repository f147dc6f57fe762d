/* Sum, wrapping, int32, requantised: ts_requantized of x + b with factor multiplier[c] * 2^(shift[c] - 31), c = i mod factors,
 * to integers of so many bytes each in y. x [n], b [period * blocks], which repeats as ts_repeat.inc says; multiplier,
 * shift [factors]; n is a multiple of factors. y may lie in the memory of x, or of a b of n elements, as far as bytes allow. */
#include "ts_fixed.h"

void ts_add_requantize_int32(
    const int32_t *x, const int32_t *b, void *y, int32_t n,
    int32_t period, int32_t block, int32_t blocks,
    const int32_t *multiplier, const int32_t *shift, int32_t factors, int32_t zero, int32_t low, int32_t high,
    int32_t rounding, int32_t bytes) {
    uint8_t *to = y;
    int32_t c = 0;
#define TS_EACH(x, b)                                                                                             \
    do {                                                                                                         \
        int32_t sum = (int32_t)((uint32_t)(x) + (uint32_t)(b));                                                  \
        ts_store(to, i, ts_requantized(sum, multiplier[c], shift[c], zero, low, high, rounding), bytes);         \
        c = c + 1 < factors ? c + 1 : 0;                                                                         \
    } while (0)
#include "ts_repeat.inc"
}
