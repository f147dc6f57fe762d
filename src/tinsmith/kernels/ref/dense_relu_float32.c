/* Fully connected, float32, then x where x > 0, else +0 (also for NaN). Arguments and arithmetic: ts_dense.inc. */
#include "ts_kernel.h"

void ts_dense_relu_float32(
    const float *x, const float *w, const float *b, float *y,
    int32_t rows, int32_t depth, int32_t channels) {
    typedef float sum_type;
#define TS_TERM(value, weight) ts_f32((value) * (weight))
#define TS_RESULT(i, o, sum) (y[i] = ts_rectified(sum))
#include "ts_dense.inc"
}
