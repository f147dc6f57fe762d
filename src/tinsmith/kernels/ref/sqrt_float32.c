/* Square root, float32, to nearest even; NaN below zero. x, y [n]. y may be x. */
#include "ts_float.h"

void ts_sqrt_float32(const float *x, float *y, int32_t n) {
#define TS_RESULT(x) ts_sqrt(x)
#include "ts_unary.inc"
}
