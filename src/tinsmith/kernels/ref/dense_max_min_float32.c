/* Fully connected, float32, then the larger of that and *least, then the smaller of that and *most; NaN stays. Arguments
 * and arithmetic: ts_dense.inc. */
#include "ts_kernel.h"

void ts_dense_max_min_float32(
    const float *x, const float *w, const float *b, float *y,
    int32_t rows, int32_t depth, int32_t channels,
    const float *least, const float *most) {
    typedef float sum_type;
#define TS_TERM(value, weight) ts_f32((value) * (weight))
#define TS_RESULT(i, o, sum) (y[i] = ts_at_most(ts_at_least(sum, *least), *most))
#include "ts_dense.inc"
}
