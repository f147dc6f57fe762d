/* Sums of uint8 along one axis, each less its zero point and in steps that are 2^bits times as fine, modulo 2^32. x
 * [outer][length][inner], y [outer][inner]; zeros: the zero point times length. */
#include "ts_plain.h"

void ts_plain_widened_sum_uint8(const uint8_t *x, int32_t *y, int32_t outer, int32_t length, int32_t inner, int32_t zeros,
                               int32_t bits) {
#include "ts_plain_widened_sum.inc"
}
