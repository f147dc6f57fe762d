/* Error function, float32. x, y [n]. y may be x. */
/* mutant: "ts_erf(x[i])" -> "ts_erf(x[0])" */
#include "ts_erf.h"

void ts_erf_float32(const float *x, float *y, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        y[i] = ts_erf(x[i]);
    }
}
