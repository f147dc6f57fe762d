/* Magnitude; the lowest value stays, int64. x, y [n]. y may be x. */
#include "ts_kernel.h"

void ts_abs_int64(const int64_t *x, int64_t *y, int32_t n) {
#define TS_RESULT(x) ((x) < 0 ? (int64_t)(0u - (uint64_t)(x)) : (x))
#include "ts_unary.inc"
}
