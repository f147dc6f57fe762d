/* Rows of float32 to steps of 8 bits less their zero point (ts_rows.h). x [rows][n], scales [rows][3] = step, inverse, zero
 * point (-128..127), y [rows][n]; lowest -128 or -127. */
#include "ts_rows.h"

void ts_quantize_rows_float32(const float *x, const float *scales, int16_t *y, int32_t rows, int32_t n,
                              int32_t lowest) {
    for (int32_t r = 0; r < rows; r++) {
        ts_row_steps(x + r * n, scales + 3 * r, y + r * n, n, lowest);
    }
}
