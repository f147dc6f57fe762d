/* Inverse tangent, float32. x, y [n]. y may be x. */
#include "ts_atan.h"

void ts_atan_float32(const float *x, float *y, int32_t n) {
#define TS_RESULT(x) ts_atan(x)
#include "ts_unary.inc"
}
