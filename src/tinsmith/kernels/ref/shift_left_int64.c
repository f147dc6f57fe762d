/* Bits moved up, int64: y[i] from x[i] and b[i mod period]; 0 by less than 0 or by the width or more.
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

void ts_shift_left_int64(const int64_t *x, const int64_t *b, int64_t *y, int32_t n, int32_t period) {
#define TS_RESULT(x, b) ((b) >= 0 && (b) < 64 ? (int64_t)((uint64_t)(x) << (b)) : 0)
#include "ts_binary.inc"
}
