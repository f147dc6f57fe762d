/* Fully connected, int16 with int8 weights to int64 sums, requantised: ts_requantized of sum i with factor multiplier[o]
 * * 2^(shift[o] - 31), or that of index 0 where factors is 1, to integers of so many bytes each in y. Arguments and
 * arithmetic: ts_dense.inc; |b| stays below 2^62. */
#include "ts_fixed.h"

void ts_dense_requantize_int16(
    const int16_t *x, const int8_t *w, const int64_t *b, void *y,
    int32_t rows, int32_t depth, int32_t channels,
    int32_t x_zero, int32_t w_zero,
    const int32_t *multiplier, const int32_t *shift, int32_t factors, int32_t zero, int32_t low, int32_t high,
    int32_t rounding, int32_t bytes) {
    typedef int64_t sum_type;
    uint8_t *to = y;
    int32_t each = factors > 1 ? 1 : 0;
#define TS_TERM(value, weight) ((int64_t)((int32_t)(value) - x_zero) * ((int32_t)(weight) - w_zero))
#define TS_RESULT(i, o, sum) \
    ts_store(to, i, ts_requantized(sum, multiplier[(o) * each], shift[(o) * each], zero, low, high, rounding), bytes)
#include "ts_dense.inc"
}
