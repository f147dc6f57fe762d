/* Larger of two values, NaN where either is, float32: y[i] from an x and a b.
 * x, y [n], b [period * blocks], which repeats as ts_repeat.inc says; where turned, b comes first. y may be x, or a b of n
 * elements. */
#include "ts_kernel.h"

void ts_max_float32(const float *x, const float *b, float *y, int32_t n,
                    int32_t period, int32_t block, int32_t blocks, int32_t turned) {
#define TS_RESULT(x, b) ts_at_least(x, b)
#include "ts_ordered.inc"
}
