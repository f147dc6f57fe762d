/* Values of uint8 less their zero point, in steps that are 2^bits times as fine: y[i] = (x[i] - zero) * 2^bits, without leaving
 * int32. x, y [n]. */
#include "ts_plain.h"

void ts_plain_widen_uint8(const uint8_t *x, int32_t *y, int32_t n, int32_t zero, int32_t bits) {
#include "ts_plain_widen.inc"
}
