/* The same elements under another shape, int16: y[i] = x[i]. x, y [n]. y may be x. */
/* mutant: "= x[i];" -> "= (int16_t)(x[i] / 2);" */
#include "ts_kernel.h"

void ts_reshape_int16(const int16_t *x, int16_t *y, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        y[i] = x[i];
    }
}
