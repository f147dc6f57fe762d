/* Whether two values are equal (1) or not (0), int64: y[i] from an x and a b.
 * x, y [n], b [period * blocks], which repeats as ts_repeat.inc says. y may be x, or a b of n elements. */
#include "ts_kernel.h"

void ts_equal_int64(const int64_t *x, const int64_t *b, uint8_t *y, int32_t n,
                    int32_t period, int32_t block, int32_t blocks) {
#define TS_RESULT(x, b) ((x) == (b) ? 1u : 0u)
#include "ts_binary.inc"
}
