/* Whether exactly one holds, bool: y[i] from x[i] and b[i mod period].
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

void ts_logical_xor_bool(const uint8_t *x, const uint8_t *b, uint8_t *y, int32_t n, int32_t period) {
    int32_t j = 0;
    for (int32_t i = 0; i < n; i++) {
        y[i] = ((x[i] != 0u) != (b[j] != 0u)) ? 1u : 0u;
        j = j + 1 < period ? j + 1 : 0;
    }
}
