/* Error function, float32. x, y [n]. y may be x. */
#include "ts_erf.h"

void ts_erf_float32(const float *x, float *y, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        y[i] = ts_erf(x[i]);
    }
}
