/* Product, float32: y[i] = x[i] * b[i mod period], each rounded once to nearest even.
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

void ts_mul_float32(const float *x, const float *b, float *y, int32_t n, int32_t period) {
#define TS_RESULT(x, b) ts_f32((x) * (b))
#include "ts_binary.inc"
}
