/* Sum, float32: x + b, each rounded once to nearest even, then x where x > 0, else +0 (also for NaN). x, y [n],
 * b [period * blocks], which repeats as ts_repeat.inc says. y may be x, or a b of n elements. */
#include "ts_kernel.h"

void ts_add_relu_float32(
    const float *x, const float *b, float *y, int32_t n,
    int32_t period, int32_t block, int32_t blocks) {
#define TS_EACH(x, b)                    \
    do {                                \
        float sum = (x) + (b);          \
        y[i] = ts_rectified(sum); \
    } while (0)
#include "ts_repeat.inc"
}
