/* Elements of one of two tensors, each of 4 bytes: y[i] = condition[i] ? a[i] : b[i].
 * a, b, condition, y [n]; a condition holds where its byte is not 0. y may be a or b. */
#include "ts_kernel.h"

void ts_where_b4(const uint32_t *a, const uint32_t *b, const uint8_t *condition, uint32_t *y, int32_t n) {
#include "ts_where.inc"
}
