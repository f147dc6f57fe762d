/* A run of indices along one axis, elements of 1 byte: y[o][k][i] = x[o][start + k][i].
 * x [outer][length][inner] -> y [outer][size][inner]; start + size <= length. */
#include "ts_kernel.h"

void ts_slice_b1(const uint8_t *x, uint8_t *y, int32_t outer, int32_t length, int32_t inner, int32_t start, int32_t size) {
#include "ts_slice.inc"
}
