/* Scales of rows, float32: for each row of x the step that brings it to 8 bits, its inverse and its zero point
 * (ts_rows.h). x [rows][n], y [rows][3]. */
#include "ts_rows.h"

void ts_float_row_scales_float32(const float *x, float *y, int32_t rows, int32_t n, int32_t asymmetric) {
    for (int32_t r = 0; r < rows; r++, y += 3) {
        uint32_t most = 0; /* magnitudes compare as their bits do */
        const float *row = x;
        for (const float *end = x + n; x != end; x++) {
            uint32_t bits = ts_bits_of(*x) & 0x7FFFFFFFu;
            most = bits > most ? bits : most;
        }
        float largest = ts_float_of(most);
        int32_t enough = asymmetric == 0 && most <= 0x7F800000u ? 1 : 0; /* no zero point, no NaN: the largest is all */
        ts_row_fields(enough != 0 ? &largest : row, enough != 0 ? 1 : n, asymmetric, y);
    }
}
