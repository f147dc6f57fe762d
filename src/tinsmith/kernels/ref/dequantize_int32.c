/* Raw int32 readings to physical units, float32: y[i] = (float)x[i] * scale[i mod period], each step rounded.
 * x, y [n], scale [period] in units of y per step; n is a multiple of period. */
#include "ts_kernel.h"

void ts_dequantize_int32(const int32_t *x, const float *scale, float *y, int32_t n, int32_t period) {
    const float *b = scale;
#define TS_RESULT(x, step) ts_f32((float)(x) * (step))
#include "ts_scaled.inc"
}
