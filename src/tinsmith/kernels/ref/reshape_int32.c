/* The same elements under another shape, int32: y[i] = x[i]. x, y [n]. y may be x. */
/* mutant: "i < n" -> "i < n - 1" */
#include "ts_kernel.h"

void ts_reshape_int32(const int32_t *x, int32_t *y, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        y[i] = x[i];
    }
}
