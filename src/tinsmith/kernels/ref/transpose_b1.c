/* Exchanges rows and columns, elements of 1 byte: y[c][r] = x[r][c]. x [rows][columns] -> y [columns][rows]. */
#include "ts_kernel.h"

void ts_transpose_b1(const uint8_t *x, uint8_t *y, int32_t rows, int32_t columns) {
#include "ts_transpose.inc"
}
