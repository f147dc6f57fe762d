/* Bits moved up, int32: y[i] from x[i] and b[i mod period]; 0 by less than 0 or by the width or more.
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

void ts_shift_left_int32(const int32_t *x, const int32_t *b, int32_t *y, int32_t n, int32_t period) {
#define TS_RESULT(x, b) ((b) >= 0 && (b) < 32 ? (int32_t)((uint32_t)(x) << (b)) : 0)
#include "ts_binary.inc"
}
