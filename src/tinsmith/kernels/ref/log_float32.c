/* Natural logarithm, float32; -infinity of 0, NaN below. x, y [n]. y may be x. */
#include "ts_float.h"

void ts_log_float32(const float *x, float *y, int32_t n) {
#define TS_RESULT(x) ts_log(x)
#include "ts_unary.inc"
}
