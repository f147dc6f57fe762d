/* Sum, float32: x[i] + b[i mod period], each rounded once to nearest even, then the larger of that and *least, then the
 * smaller of that and *most; NaN stays. x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

void ts_add_max_min_float32(
    const float *x, const float *b, float *y, int32_t n, int32_t period,
    const float *least, const float *most) {
    int32_t j = 0;
    for (int32_t i = 0; i < n; i++) {
        float sum = x[i] + b[j];
        y[i] = ts_at_most(ts_at_least(sum, *least), *most);
        j = j + 1 < period ? j + 1 : 0;
    }
}
