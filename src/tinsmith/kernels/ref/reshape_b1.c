/* The same elements under another shape, each of 1 byte: y[i] = x[i]. x, y [n]. y may be x. */
#include "ts_kernel.h"

void ts_reshape_b1(const uint8_t *x, uint8_t *y, int32_t n) {
#define TS_RESULT(x) (x)
#include "ts_unary.inc"
}
