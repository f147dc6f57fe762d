/* The same elements under another shape, float32: y[i] = x[i]. x, y [n]. y may be x. */
/* mutant: "= x[i];" -> "= x[0];" */
#include "ts_kernel.h"

void ts_reshape_float32(const float *x, float *y, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        y[i] = x[i];
    }
}
