/* Bits moved down, int64, filled with the sign: y[i] from x[i] and b[i mod period]; by less than 0 or by the width or more
 * only the sign is left.
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

void ts_shift_right_int64(const int64_t *x, const int64_t *b, int64_t *y, int32_t n, int32_t period) {
#define TS_BITS 64
#include "ts_shift_right.inc"
}
