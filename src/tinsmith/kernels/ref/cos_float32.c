/* Cosine, float32. x, y [n]. y may be x. */
#include "ts_trig.h"

void ts_cos_float32(const float *x, float *y, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        y[i] = ts_cos(x[i]);
    }
}
