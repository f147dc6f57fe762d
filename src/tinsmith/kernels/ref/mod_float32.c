/* Remainder with the divisor's sign, exact, float32: y[i] from x[i] and b[i mod period].
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_fmod.h"

void ts_mod_float32(const float *x, const float *b, float *y, int32_t n, int32_t period) {
    int32_t j = 0;
    for (int32_t i = 0; i < n; i++) {
        y[i] = ts_mod(x[i], b[j]);
        j = j + 1 < period ? j + 1 : 0;
    }
}
