/* The same elements under another shape, each of 4 bytes: y[i] = x[i]. x, y [n]. y may be x. */
#include "ts_kernel.h"

void ts_reshape_b4(const uint32_t *x, uint32_t *y, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        y[i] = x[i];
    }
}
