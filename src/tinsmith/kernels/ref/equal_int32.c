/* Whether two values are equal (1) or not (0), int32: y[i] from an x and a b.
 * x [x_period], b [b_period], y [n]; which x and which b says ts_binary.inc. y may be an operand of n elements. */
#include "ts_kernel.h"

void ts_equal_int32(const int32_t *x, const int32_t *b, uint8_t *y, int32_t n, int32_t run,
                    int32_t x_period, int32_t x_step, int32_t b_period, int32_t b_step) {
#define TS_RESULT(x, b) ((x) == (b) ? 1u : 0u)
#include "ts_binary.inc"
}
