/* Slices of x at given indices along one axis, elements of 8 bytes: y[o][k][i] = x[o][index[k]][i].
 * x [outer][length][inner], index [count] -> y [outer][count][inner]. An index below zero counts from the end; what
 * still lies outside is brought to the nearest end. */
#include "ts_kernel.h"

void ts_gather_b8(const uint64_t *x, const int32_t *index, uint64_t *y, int32_t outer, int32_t length, int32_t inner, int32_t count) {
#include "ts_gather.inc"
}
