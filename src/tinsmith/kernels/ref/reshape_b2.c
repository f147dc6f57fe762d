/* The same elements under another shape, each of 2 bytes: y[i] = x[i]. x, y [n]. y may be x. */
#include "ts_kernel.h"

void ts_reshape_b2(const uint16_t *x, uint16_t *y, int32_t n) {
#define TS_RESULT(x) (x)
#include "ts_unary.inc"
}
