/* Bits moved up, int64: y[i] from an x and a b; 0 by less than 0 or by the width or more.
 * x [x_period], b [b_period], y [n]; which x and which b says ts_binary.inc. y may be an operand of n elements. */
#include "ts_kernel.h"

void ts_shift_left_int64(const int64_t *x, const int64_t *b, int64_t *y, int32_t n, int32_t run,
                         int32_t x_period, int32_t x_step, int32_t b_period, int32_t b_step) {
#define TS_RESULT(x, b) ((b) >= 0 && (b) < 64 ? (int64_t)((uint64_t)(x) << (b)) : 0)
#include "ts_binary.inc"
}
