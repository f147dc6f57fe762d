/* Product, wrapping, int32: y[i] from x[i] and b[i mod period].
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

void ts_mul_int32(const int32_t *x, const int32_t *b, int32_t *y, int32_t n, int32_t period) {
    int32_t j = 0;
    for (int32_t i = 0; i < n; i++) {
        y[i] = (int32_t)((uint32_t)x[i] * (uint32_t)b[j]);
        j = j + 1 < period ? j + 1 : 0;
    }
}
