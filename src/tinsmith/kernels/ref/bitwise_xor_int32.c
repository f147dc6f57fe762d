/* Bits that are set in one of the two, int32: y[i] from x[i] and b[i mod period].
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

void ts_bitwise_xor_int32(const int32_t *x, const int32_t *b, int32_t *y, int32_t n, int32_t period) {
    int32_t j = 0;
    for (int32_t i = 0; i < n; i++) {
        y[i] = x[i] ^ b[j];
        j = j + 1 < period ? j + 1 : 0;
    }
}
