/* Whether two values are equal (1) or not (0), float32: y[i] from x[i] and b[i mod period].
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

void ts_equal_float32(const float *x, const float *b, uint8_t *y, int32_t n, int32_t period) {
#define TS_RESULT(x, b) ((x) == (b) ? 1u : 0u)
#include "ts_binary.inc"
}
