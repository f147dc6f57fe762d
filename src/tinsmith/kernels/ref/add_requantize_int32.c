/* Sum, wrapping, int32, requantised: ts_requantized of x + b with factor multiplier[c] * 2^(shift[c] - 31), c = i mod factors,
 * to integers of so many bytes each in y. x [x_period], b [b_period]; which x and which b says ts_binary.inc. Multiplier, shift
 * [factors]; n is a multiple of factors. y may lie in the memory of an operand of n elements as far as bytes allow. */
#include "ts_fixed.h"

void ts_add_requantize_int32(
    const int32_t *x, const int32_t *b, void *y, int32_t n, int32_t run,
    int32_t x_period, int32_t x_step, int32_t b_period, int32_t b_step,
    const int32_t *multiplier, const int32_t *shift, int32_t factors, int32_t zero, int32_t low, int32_t high,
    int32_t rounding, int32_t bytes) {
    uint8_t *to = y;
    int32_t c = 0;
#define TS_PUT(x, b)                                                                                             \
    do {                                                                                                         \
        int32_t sum = (int32_t)((uint32_t)(x) + (uint32_t)(b));                                                  \
        ts_store(to, i, ts_requantized(sum, multiplier[c], shift[c], zero, low, high, rounding), bytes);         \
        c = c + 1 < factors ? c + 1 : 0;                                                                         \
    } while (0)
#include "ts_binary.inc"
}
