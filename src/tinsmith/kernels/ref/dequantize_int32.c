/* Raw int32 readings to physical units, float32: y[i] = (float)x[i] * scale, each step rounded.
 * x [x_period], scale [b_period] in units of y per step, y [n]; which x and which scale says ts_binary.inc. */
#include "ts_kernel.h"

void ts_dequantize_int32(const int32_t *x, const float *scale, float *y, int32_t n, int32_t run,
                         int32_t x_period, int32_t x_step, int32_t b_period, int32_t b_step) {
    const float *b = scale;
#define TS_RESULT(x, step) ts_f32((float)(x) * (step))
#include "ts_binary.inc"
}
