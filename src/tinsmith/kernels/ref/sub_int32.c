/* Difference, wrapping, int32: y[i] from an x and a b.
 * x [x_period], b [b_period], y [n]; which x and which b says ts_binary.inc. y may be an operand of n elements. */
#include "ts_kernel.h"

void ts_sub_int32(const int32_t *x, const int32_t *b, int32_t *y, int32_t n, int32_t run,
                  int32_t x_period, int32_t x_step, int32_t b_period, int32_t b_step) {
#define TS_RESULT(x, b) (int32_t)((uint32_t)(x) - (uint32_t)(b))
#include "ts_binary.inc"
}
