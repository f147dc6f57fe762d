/* Larger of two values, NaN where either is, float32: y[i] from x[i] and b[i mod period].
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

void ts_max_float32(const float *x, const float *b, float *y, int32_t n, int32_t period) {
    int32_t j = 0;
    for (int32_t i = 0; i < n; i++) {
        y[i] = ts_at_least(x[i], b[j]);
        j = j + 1 < period ? j + 1 : 0;
    }
}
