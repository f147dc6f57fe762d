/* Bits moved down, int32, filled with the sign: y[i] from an x and a b; by less than 0 or by the width or more
 * only the sign is left.
 * x, y [n], b [period * blocks], which repeats as ts_repeat.inc says; where turned, b comes first. y may be x, or a b of n
 * elements. */
#include "ts_kernel.h"

void ts_shift_right_int32(const int32_t *x, const int32_t *b, int32_t *y, int32_t n,
                          int32_t period, int32_t block, int32_t blocks, int32_t turned) {
#define TS_BITS 32
#include "ts_shift_right.inc"
}
