/* Whether either holds, bool: y[i] from an x and a b.
 * x, y [n], b [period * blocks], which repeats as ts_repeat.inc says. y may be x, or a b of n elements. */
#include "ts_kernel.h"

void ts_logical_or_bool(const uint8_t *x, const uint8_t *b, uint8_t *y, int32_t n,
                        int32_t period, int32_t block, int32_t blocks) {
#define TS_RESULT(x, b) ((((x) != 0u) | ((b) != 0u)) ? 1u : 0u)
#include "ts_binary.inc"
}
