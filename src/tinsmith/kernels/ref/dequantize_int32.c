/* Raw int32 readings to physical units, float32: y[i] = (float)x[i] * scale[i mod period], each step rounded.
 * x, y [n], scale [period] in units of y per step; n is a multiple of period. */
#include "ts_kernel.h"

void ts_dequantize_int32(const int32_t *x, const float *scale, float *y, int32_t n, int32_t period) {
    int32_t j = 0;
    for (int32_t i = 0; i < n; i++) {
        y[i] = ts_f32((float)x[i] * scale[j]);
        j = j + 1 < period ? j + 1 : 0;
    }
}
