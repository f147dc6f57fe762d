/* Whether x is below b or equal to it (1) or not (0), int32: y[i] from an x and a b.
 * x, y [n], b [period * blocks], which repeats as ts_repeat.inc says; where turned, b comes first. y may be x, or a b of n
 * elements. */
#include "ts_kernel.h"

void ts_less_equal_int32(const int32_t *x, const int32_t *b, uint8_t *y, int32_t n,
                         int32_t period, int32_t block, int32_t blocks, int32_t turned) {
#define TS_RESULT(x, b) ((x) <= (b) ? 1u : 0u)
#include "ts_ordered.inc"
}
