/* Whether either holds, bool: y[i] from an x and a b.
 * x [x_period], b [b_period], y [n]; which x and which b says ts_binary.inc. y may be an operand of n elements. */
#include "ts_kernel.h"

void ts_logical_or_bool(const uint8_t *x, const uint8_t *b, uint8_t *y, int32_t n, int32_t run,
                        int32_t x_period, int32_t x_step, int32_t b_period, int32_t b_step) {
#define TS_RESULT(x, b) ((((x) != 0u) | ((b) != 0u)) ? 1u : 0u)
#include "ts_binary.inc"
}
