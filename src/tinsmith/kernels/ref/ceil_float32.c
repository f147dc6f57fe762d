/* Smallest whole number not below x, float32. x, y [n]. y may be x. */
#include "ts_round.h"

void ts_ceil_float32(const float *x, float *y, int32_t n) {
#define TS_RESULT(x) ts_ceil(x)
#include "ts_unary.inc"
}
