/* Sign: -1, 0 or 1; NaN stays, float32. x, y [n]. y may be x. */
#include "ts_kernel.h"

void ts_sign_float32(const float *x, float *y, int32_t n) {
#define TS_RESULT(x) ((x) != (x) ? (x) : ((x) > 0.0f ? 1.0f : ((x) < 0.0f ? -1.0f : 0.0f)))
#include "ts_unary.inc"
}
