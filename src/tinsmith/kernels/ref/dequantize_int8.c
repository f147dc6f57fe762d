/* Dequantisation, int8 to float32: y[i] = (x[i] - zero) * scale. x, y [n]; scale in units of y per step. */
#include "ts_kernel.h"

void ts_dequantize_int8(const int8_t *x, float *y, int32_t n, float scale, int32_t zero) {
    for (int32_t i = 0; i < n; i++) {
        y[i] = ts_f32((float)(x[i] - zero) * scale);
    }
}
