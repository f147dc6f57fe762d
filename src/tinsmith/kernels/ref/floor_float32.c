/* Largest whole number not above x, float32. x, y [n]. y may be x. */
#include "ts_round.h"

void ts_floor_float32(const float *x, float *y, int32_t n) {
#define TS_RESULT(x) ts_floor(x)
#include "ts_unary.inc"
}
