/* Whether either holds, bool: y[i] from x[i] and b[i mod period].
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

void ts_logical_or_bool(const uint8_t *x, const uint8_t *b, uint8_t *y, int32_t n, int32_t period) {
#define TS_RESULT(x, b) ((((x) != 0u) | ((b) != 0u)) ? 1u : 0u)
#include "ts_binary.inc"
}
