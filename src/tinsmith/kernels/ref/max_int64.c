/* Larger of two values, int64: y[i] from x[i] and b[i mod period].
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

void ts_max_int64(const int64_t *x, const int64_t *b, int64_t *y, int32_t n, int32_t period) {
#define TS_RESULT(x, b) ((x) >= (b) ? (x) : (b))
#include "ts_binary.inc"
}
