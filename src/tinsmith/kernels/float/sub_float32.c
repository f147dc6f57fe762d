/* Difference, float32: y[i] = x - b, each rounded once to nearest even.
 * x, y [n], b [period * blocks], which repeats as ts_repeat.inc says; where turned, b comes first. y may be x, or a b of n
 * elements. */
#include "ts_kernel.h"

void ts_float_sub_float32(const float *x, const float *b, float *y, int32_t n,
                          int32_t period, int32_t block, int32_t blocks, int32_t turned) {
    if (turned == 0) {
#define TS_PAIR(x, b) ((x) - (b))
#include "ts_float_pairs.inc"
    } else {
#define TS_PAIR(x, b) ((b) - (x))
#include "ts_float_pairs.inc"
    }
}
