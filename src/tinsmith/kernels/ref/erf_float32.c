/* Error function, float32. x, y [n]. y may be x. */
#include "ts_erf.h"

void ts_erf_float32(const float *x, float *y, int32_t n) {
#define TS_RESULT(x) ts_erf(x)
#include "ts_unary.inc"
}
