/* Dequantisation, int8 to float32: y[i] = (x[i] - zero) * scale. x, y [n]; scale in units of y per step. */
#include "ts_kernel.h"

void ts_dequantize_int8(const int8_t *x, float *y, int32_t n, float scale, int32_t zero) {
#define TS_RESULT(x) ts_f32((float)((x) - zero) * scale)
#include "ts_unary.inc"
}
