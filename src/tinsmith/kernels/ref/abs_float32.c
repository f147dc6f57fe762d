/* Magnitude: the sign bit cleared, float32. x, y [n]. y may be x. */
#include "ts_float.h"

void ts_abs_float32(const float *x, float *y, int32_t n) {
#define TS_RESULT(x) ts_float_of(ts_bits_of(x) & 0x7FFFFFFFu)
#include "ts_unary.inc"
}
