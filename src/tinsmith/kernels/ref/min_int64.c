/* Smaller of two values, int64: y[i] from x[i] and b[i mod period].
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

void ts_min_int64(const int64_t *x, const int64_t *b, int64_t *y, int32_t n, int32_t period) {
    int32_t j = 0;
    for (int32_t i = 0; i < n; i++) {
        y[i] = x[i] <= b[j] ? x[i] : b[j];
        j = j + 1 < period ? j + 1 : 0;
    }
}
