/* Whether x is below b or equal to it (1) or not (0), int64: y[i] from x[i] and b[i mod period].
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

void ts_less_equal_int64(const int64_t *x, const int64_t *b, uint8_t *y, int32_t n, int32_t period) {
    int32_t j = 0;
    for (int32_t i = 0; i < n; i++) {
        y[i] = x[i] <= b[j] ? 1u : 0u;
        j = j + 1 < period ? j + 1 : 0;
    }
}
