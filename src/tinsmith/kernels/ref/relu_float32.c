/* Rectifier, float32: y[i] = x[i] where x[i] > 0, else +0 (also for NaN). x, y [n]. y may be x. */
#include "ts_kernel.h"

void ts_relu_float32(const float *x, float *y, int32_t n) {
#define TS_RESULT(x) ts_rectified(x)
#include "ts_unary.inc"
}
