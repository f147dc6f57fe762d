/* Sine, float32. x, y [n]. y may be x. */
#include "ts_trig.h"

void ts_sin_float32(const float *x, float *y, int32_t n) {
#define TS_RESULT(x) ts_sin(x)
#include "ts_unary.inc"
}
