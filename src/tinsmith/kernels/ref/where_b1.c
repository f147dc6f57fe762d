/* Elements of one of two tensors, each of 1 byte: y[i] = condition[i] ? a[i] : b[i].
 * a, b, condition, y [n]; a condition holds where its byte is not 0. y may be a or b. */
#include "ts_kernel.h"

void ts_where_b1(const uint8_t *a, const uint8_t *b, const uint8_t *condition, uint8_t *y, int32_t n) {
#include "ts_where.inc"
}
