/* Rectifier, float32: y[i] = x[i] where x[i] > 0, else +0 (also for NaN). x, y [n]. y may be x. */
#include "ts_float_block.h"

void ts_float_relu_float32(const float *x, float *y, int32_t n) {
    ts_float_rectified(x, y, n);
}
