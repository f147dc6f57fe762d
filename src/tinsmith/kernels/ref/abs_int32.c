/* Magnitude; the lowest value stays, int32. x, y [n]. y may be x. */
#include "ts_kernel.h"

void ts_abs_int32(const int32_t *x, int32_t *y, int32_t n) {
#define TS_RESULT(x) ((x) < 0 ? (int32_t)(0u - (uint32_t)(x)) : (x))
#include "ts_unary.inc"
}
