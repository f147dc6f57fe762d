/* Fully connected, int8, requantised, rounded twice, never to below the zero point: y[r][o] = clamp(zero + scaled(bias[o] + sum
 * over k of x[r][k] * w[o][k])). x [rows][depth], y [rows][out]; table, factors and step: ts_mve_row.h. */
#define TS_MVE_ROUNDING 2
#include "ts_mve_row.h"

void ts_mve_dense_positive_int8(const int8_t *x, const int32_t *table, const int32_t *factors, int8_t *y, int32_t rows,
                             int32_t depth, int32_t out, int32_t step, int32_t zero, int32_t low, int32_t high) {
    ts_mve_row row = {depth, out >> 3, factors, step, zero, low, high};
    for (int32_t r = 0; r < rows; r++) {
        ts_mve_all(x + r * depth, table, y + r * out, &row, out);
    }
}
