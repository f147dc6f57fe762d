/* Larger of two values, NaN where either is, float32: y[i] from an x and a b.
 * x [x_period], b [b_period], y [n]; which x and which b says ts_binary.inc. y may be an operand of n elements. */
#include "ts_kernel.h"

void ts_max_float32(const float *x, const float *b, float *y, int32_t n, int32_t run,
                    int32_t x_period, int32_t x_step, int32_t b_period, int32_t b_step) {
#define TS_RESULT(x, b) ts_at_least(x, b)
#include "ts_binary.inc"
}
