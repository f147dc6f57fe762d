/* Sum, float32: x + b, each rounded once to nearest even, then the larger of that and *least, then the smaller of that and
 * *most; NaN stays. x [x_period], b [b_period], y [n]; which x and which b says ts_binary.inc. y may be an operand of n
 * elements. */
#include "ts_kernel.h"

void ts_add_max_min_float32(
    const float *x, const float *b, float *y, int32_t n, int32_t run,
    int32_t x_period, int32_t x_step, int32_t b_period, int32_t b_step,
    const float *least, const float *most) {
#define TS_RESULT(x, b) ts_at_most(ts_at_least((x) + (b), *least), *most)
#include "ts_binary.inc"
}
