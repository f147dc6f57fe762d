/* Sum, float32: x + b, each rounded once to nearest even, then the larger of that and *least, then the smaller of that and
 * *most; NaN stays. x, y [n], b [period * blocks], which repeats as ts_repeat.inc says. y may be x, or a b of n elements. */
#include "ts_kernel.h"

void ts_add_max_min_float32(
    const float *x, const float *b, float *y, int32_t n,
    int32_t period, int32_t block, int32_t blocks,
    const float *least, const float *most) {
#define TS_RESULT(x, b) ts_at_most(ts_at_least((x) + (b), *least), *most)
#include "ts_binary.inc"
}
