/* Product, wrapping, int64: y[i] from an x and a b.
 * x [x_period], b [b_period], y [n]; which x and which b says ts_binary.inc. y may be an operand of n elements. */
#include "ts_kernel.h"

void ts_mul_int64(const int64_t *x, const int64_t *b, int64_t *y, int32_t n, int32_t run,
                  int32_t x_period, int32_t x_step, int32_t b_period, int32_t b_step) {
#define TS_RESULT(x, b) (int64_t)((uint64_t)(x) * (uint64_t)(b))
#include "ts_binary.inc"
}
