/* Exchanges rows and columns, elements of 4 bytes: y[c][r] = x[r][c]. x [rows][columns] -> y [columns][rows]. */
#include "ts_kernel.h"

void ts_transpose_b4(const uint32_t *x, uint32_t *y, int32_t rows, int32_t columns) {
#include "ts_transpose.inc"
}
