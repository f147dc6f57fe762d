/* Product, wrapping, int32: y[i] from x[i] and b[i mod period].
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

void ts_mul_int32(const int32_t *x, const int32_t *b, int32_t *y, int32_t n, int32_t period) {
#define TS_RESULT(x, b) (int32_t)((uint32_t)(x) * (uint32_t)(b))
#include "ts_binary.inc"
}
