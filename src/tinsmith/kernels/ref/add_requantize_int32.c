/* Sum, wrapping, int32, requantised: ts_requantized of x[i] + b[i mod period] with factor multiplier[c] * 2^(shift[c] - 31),
 * c = i mod factors, to integers of so many bytes each in y. x [n], b [period], multiplier, shift [factors]; n is a multiple
 * of period and of factors. y may lie in x's memory as far as bytes allow. */
#include "ts_fixed.h"

void ts_add_requantize_int32(
    const int32_t *x, const int32_t *b, void *y, int32_t n, int32_t period,
    const int32_t *multiplier, const int32_t *shift, int32_t factors, int32_t zero, int32_t low, int32_t high,
    int32_t rounding, int32_t bytes) {
    uint8_t *to = y;
    int32_t j = 0;
    int32_t c = 0;
    for (int32_t i = 0; i < n; i++) {
        int32_t sum = (int32_t)((uint32_t)x[i] + (uint32_t)b[j]);
        ts_store(to, i, ts_requantized(sum, multiplier[c], shift[c], zero, low, high, rounding), bytes);
        j = j + 1 < period ? j + 1 : 0;
        c = c + 1 < factors ? c + 1 : 0;
    }
}
