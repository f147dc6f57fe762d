/* Exchanges rows and columns, elements of 2 bytes: y[c][r] = x[r][c]. x [rows][columns] -> y [columns][rows]. */
#include "ts_kernel.h"

void ts_transpose_b2(const uint16_t *x, uint16_t *y, int32_t rows, int32_t columns) {
#include "ts_transpose.inc"
}
