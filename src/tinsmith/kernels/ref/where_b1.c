/* Elements of one of two tensors, each of 1 byte: y[i] from a where the condition holds, else from b.
 * a [a_period], b [b_period], condition [c_period], y [n]; which of each says ts_where.inc. A condition holds where its byte
 * is not 0. y may be an a or b of n elements. */
#include "ts_kernel.h"

void ts_where_b1(const uint8_t *a, const uint8_t *b, const uint8_t *condition, uint8_t *y, int32_t n, int32_t run,
                 int32_t a_period, int32_t a_step, int32_t b_period, int32_t b_step, int32_t c_period, int32_t c_step) {
#include "ts_where.inc"
}
