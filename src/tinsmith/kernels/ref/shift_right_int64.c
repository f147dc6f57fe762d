/* Bits moved down, int64, filled with the sign: y[i] from x[i] and b[i mod period]; by less than 0 or by the width or more
 * only the sign is left.
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

void ts_shift_right_int64(const int64_t *x, const int64_t *b, int64_t *y, int32_t n, int32_t period) {
    int32_t j = 0;
    for (int32_t i = 0; i < n; i++) {
        int32_t by = b[j] >= 0 && b[j] < 64 ? (int32_t)b[j] : 63;
        y[i] = x[i] < 0 ? ~(~x[i] >> by) : x[i] >> by; /* a negative number is never shifted */
        j = j + 1 < period ? j + 1 : 0;
    }
}
