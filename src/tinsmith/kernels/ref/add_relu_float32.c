/* Sum, float32: x + b, each rounded once to nearest even, then x where x > 0, else +0 (also for NaN). x [x_period],
 * b [b_period], y [n]; which x and which b says ts_binary.inc. y may be an operand of n elements. */
#include "ts_kernel.h"

void ts_add_relu_float32(
    const float *x, const float *b, float *y, int32_t n, int32_t run,
    int32_t x_period, int32_t x_step, int32_t b_period, int32_t b_step) {
#define TS_PUT(x, b)                    \
    do {                                \
        float sum = (x) + (b);          \
        y[i] = sum > 0.0f ? sum : 0.0f; \
    } while (0)
#include "ts_binary.inc"
}
