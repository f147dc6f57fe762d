/* Bits that are set in both, int32: y[i] from an x and a b.
 * x, y [n], b [period * blocks], which repeats as ts_repeat.inc says. y may be x, or a b of n elements. */
#include "ts_kernel.h"

void ts_bitwise_and_int32(const int32_t *x, const int32_t *b, int32_t *y, int32_t n,
                          int32_t period, int32_t block, int32_t blocks) {
#define TS_RESULT(x, b) ((x) & (b))
#include "ts_binary.inc"
}
