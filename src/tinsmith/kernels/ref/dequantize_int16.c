/* Raw int16 readings to physical units, float32: y[i] = (x[i] - zero) * scale[i mod period].
 * x, y [n], scale [period] in units of y per step; n is a multiple of period; |zero| < 2^23. */
#include "ts_kernel.h"

void ts_dequantize_int16(const int16_t *x, const float *scale, float *y,
                         int32_t n, int32_t period, int32_t zero) {
    const float *b = scale;
#define TS_RESULT(x, step) ts_f32((float)((x) - zero) * (step))
#include "ts_scaled.inc"
}
