/* Bits moved down, int64, filled with the sign: y[i] from an x and a b; by less than 0 or by the width or more
 * only the sign is left.
 * x [x_period], b [b_period], y [n]; which x and which b says ts_binary.inc. y may be an operand of n elements. */
#include "ts_kernel.h"

void ts_shift_right_int64(const int64_t *x, const int64_t *b, int64_t *y, int32_t n, int32_t run,
                          int32_t x_period, int32_t x_step, int32_t b_period, int32_t b_step) {
#define TS_BITS 64
#include "ts_shift_right.inc"
}
