/* Fully connected, int8 to int32 sums. Arguments and arithmetic: ts_dense.inc; depth is at most 32 896 (16 512 where
 * w_zero is not 0) and |b| at most 2^30, so that no sum overflows. */
#include "ts_kernel.h"

void ts_dense_int8(
    const int8_t *x, const int8_t *w, const int32_t *b, int32_t *y,
    int32_t rows, int32_t depth, int32_t channels,
    int32_t x_zero, int32_t w_zero) {
    typedef int32_t sum_type;
#define TS_TERM(value, weight) ((int32_t)((int32_t)(value) - x_zero) * ((int32_t)(weight) - w_zero))
#define TS_RESULT(i, o, sum) (y[i] = (sum))
#include "ts_dense.inc"
}
