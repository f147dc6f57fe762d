/* Bits moved up, int32: y[i] from an x and a b; 0 by less than 0 or by the width or more.
 * x, y [n], b [period * blocks], which repeats as ts_repeat.inc says; where turned, b comes first. y may be x, or a b of n
 * elements. */
#include "ts_kernel.h"

void ts_shift_left_int32(const int32_t *x, const int32_t *b, int32_t *y, int32_t n,
                         int32_t period, int32_t block, int32_t blocks, int32_t turned) {
#define TS_RESULT(x, b) ((b) >= 0 && (b) < 32 ? (int32_t)((uint32_t)(x) << (b)) : 0)
#include "ts_ordered.inc"
}
