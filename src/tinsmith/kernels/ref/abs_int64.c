/* Magnitude; the lowest value stays, int64. x, y [n]. y may be x. */
#include "ts_kernel.h"

void ts_abs_int64(const int64_t *x, int64_t *y, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        y[i] = x[i] < 0 ? (int64_t)(0u - (uint64_t)x[i]) : x[i];
    }
}
