/* Hyperbolic tangent, float32. x, y [n]. y may be x. */
#include "ts_float.h"

void ts_tanh_float32(const float *x, float *y, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        y[i] = ts_tanh(x[i]);
    }
}
