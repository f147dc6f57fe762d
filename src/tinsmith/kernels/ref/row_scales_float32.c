/* Scales of rows, float32: for each row of x the step that brings it to 8 bits, its inverse and its zero point
 * (ts_rows.h). x [rows][n], y [rows][3]. */
#include "ts_rows.h"

void ts_row_scales_float32(const float *x, float *y, int32_t rows, int32_t n, int32_t asymmetric) {
    for (int32_t r = 0; r < rows; r++) {
        ts_row_fields(x + r * n, n, asymmetric, y + 3 * r);
    }
}
