/* Sum, wrapping, int64: y[i] from x[i] and b[i mod period].
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

void ts_add_int64(const int64_t *x, const int64_t *b, int64_t *y, int32_t n, int32_t period) {
#define TS_RESULT(x, b) (int64_t)((uint64_t)(x) + (uint64_t)(b))
#include "ts_binary.inc"
}
