/* Joins two tensors along one axis, elements of 4 bytes: each outer step of y is a's and then b's.
 * a [outer][a_size], b [outer][b_size] -> y [outer][a_size + b_size]. */
#include "ts_kernel.h"

void ts_concat_b4(const uint32_t *a, const uint32_t *b, uint32_t *y, int32_t outer, int32_t a_size, int32_t b_size) {
#include "ts_concat.inc"
}
