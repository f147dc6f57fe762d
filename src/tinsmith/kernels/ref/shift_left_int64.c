/* Bits moved up, int64: y[i] from an x and a b; 0 by less than 0 or by the width or more.
 * x, y [n], b [period * blocks], which repeats as ts_repeat.inc says; where turned, b comes first. y may be x, or a b of n
 * elements. */
#include "ts_kernel.h"

void ts_shift_left_int64(const int64_t *x, const int64_t *b, int64_t *y, int32_t n,
                         int32_t period, int32_t block, int32_t blocks, int32_t turned) {
#define TS_RESULT(x, b) ((b) >= 0 && (b) < 64 ? (int64_t)((uint64_t)(x) << (b)) : 0)
#include "ts_ordered.inc"
}
