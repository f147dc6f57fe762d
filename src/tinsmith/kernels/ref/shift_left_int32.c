/* Bits moved up, int32: y[i] from an x and a b; 0 by less than 0 or by the width or more.
 * x [x_period], b [b_period], y [n]; which x and which b says ts_binary.inc. y may be an operand of n elements. */
#include "ts_kernel.h"

void ts_shift_left_int32(const int32_t *x, const int32_t *b, int32_t *y, int32_t n, int32_t run,
                         int32_t x_period, int32_t x_step, int32_t b_period, int32_t b_step) {
#define TS_RESULT(x, b) ((b) >= 0 && (b) < 32 ? (int32_t)((uint32_t)(x) << (b)) : 0)
#include "ts_binary.inc"
}
