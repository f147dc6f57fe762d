/* Exchanges rows and columns, elements of 8 bytes: y[c][r] = x[r][c]. x [rows][columns] -> y [columns][rows]. */
#include "ts_kernel.h"

void ts_transpose_b8(const uint64_t *x, uint64_t *y, int32_t rows, int32_t columns) {
#include "ts_transpose.inc"
}
