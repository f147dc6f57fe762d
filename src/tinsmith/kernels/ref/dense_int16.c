/* Fully connected, int16 with int8 weights to int64 sums. Arguments and arithmetic: ts_dense.inc; |b| stays below 2^62. */
#include "ts_kernel.h"

void ts_dense_int16(
    const int16_t *x, const int8_t *w, const int64_t *b, int64_t *y,
    int32_t rows, int32_t depth, int32_t channels,
    int32_t x_zero, int32_t w_zero) {
    typedef int64_t sum_type;
#define TS_TERM(value, weight) ((int64_t)((int32_t)(value) - x_zero) * ((int32_t)(weight) - w_zero))
#define TS_RESULT(i, o, sum) (y[i] = (sum))
#include "ts_dense.inc"
}
