/* Sign: -1, 0 or 1, int32. x, y [n]. y may be x. */
#include "ts_kernel.h"

void ts_sign_int32(const int32_t *x, int32_t *y, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        y[i] = (x[i] > 0) - (x[i] < 0);
    }
}
