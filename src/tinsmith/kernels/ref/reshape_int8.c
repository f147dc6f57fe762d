/* The same elements under another shape, int8: y[i] = x[i]. x, y [n]. y may be x. */
/* mutant: "int32_t i = 0" -> "int32_t i = 1" */
#include "ts_kernel.h"

void ts_reshape_int8(const int8_t *x, int8_t *y, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        y[i] = x[i];
    }
}
