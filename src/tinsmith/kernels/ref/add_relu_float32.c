/* Sum, float32: x[i] + b[i mod period], each rounded once to nearest even, then x where x > 0, else +0 (also for NaN). x,
 * y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

void ts_add_relu_float32(
    const float *x, const float *b, float *y, int32_t n, int32_t period) {
    int32_t j = 0;
    for (int32_t i = 0; i < n; i++) {
        float sum = x[i] + b[j];
        y[i] = sum > 0.0f ? sum : 0.0f;
        j = j + 1 < period ? j + 1 : 0;
    }
}
