/* Exchanges rows and columns, float32: y[c][r] = x[r][c]. x [rows][columns] -> y [columns][rows]. */
/* mutant: "x[r * columns + c]" -> "x[c * columns + r]" */
#include "ts_kernel.h"

void ts_transpose_float32(const float *x, float *y, int32_t rows, int32_t columns) {
    for (int32_t c = 0; c < columns; c++) {
        for (int32_t r = 0; r < rows; r++) {
            y[c * rows + r] = x[r * columns + c];
        }
    }
}
