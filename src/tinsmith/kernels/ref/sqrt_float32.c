/* Square root, float32, to nearest even; NaN below zero. x, y [n]. y may be x. */
#include "ts_float.h"

void ts_sqrt_float32(const float *x, float *y, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        y[i] = ts_sqrt(x[i]);
    }
}
