/* Raw int16 readings to physical units, float32: y[i] = (x[i] - zero) * scale[i mod period].
 * x, y [n], scale [period] in units of y per step; n is a multiple of period; |zero| < 2^23. */
#include "ts_kernel.h"

void ts_dequantize_int16(const int16_t *x, const float *scale, float *y,
                         int32_t n, int32_t period, int32_t zero) {
    int32_t j = 0;
    for (int32_t i = 0; i < n; i++) {
        y[i] = ts_f32((float)(x[i] - zero) * scale[j]);
        j = j + 1 < period ? j + 1 : 0;
    }
}
