/* Larger of two values, int32: y[i] from x[i] and b[i mod period].
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

void ts_max_int32(const int32_t *x, const int32_t *b, int32_t *y, int32_t n, int32_t period) {
#define TS_RESULT(x, b) ((x) >= (b) ? (x) : (b))
#include "ts_binary.inc"
}
