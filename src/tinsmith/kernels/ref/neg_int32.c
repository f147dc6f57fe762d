/* The other sign; the lowest value stays, int32. x, y [n]. y may be x. */
#include "ts_kernel.h"

void ts_neg_int32(const int32_t *x, int32_t *y, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        y[i] = (int32_t)(0u - (uint32_t)x[i]);
    }
}
