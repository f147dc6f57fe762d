/* 1 / (1 + e^-x), float32. x, y [n]. y may be x. */
#include "ts_float.h"

void ts_sigmoid_float32(const float *x, float *y, int32_t n) {
#define TS_RESULT(x) ts_sigmoid(x)
#include "ts_unary.inc"
}
