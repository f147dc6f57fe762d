/* int8 to uint8 or back: y[i] = x[i] with its top bit flipped, i in 0..n-1. y may be x. */
#include "ts_kernel.h"

void ts_recentre_b1(const uint8_t *x, uint8_t *y, int32_t n) {
#define TS_RESULT(x) (uint8_t)((x) ^ 0x80)
#include "ts_unary.inc"
}
