/* Index of the first of the largest values of each row, float32; x [rows][n]. A NaN is never larger, nothing is larger than one. */
#include "ts_kernel.h"

void ts_winner_float32(const float *x, int32_t *y, int32_t rows, int32_t n) {
    for (int32_t r = 0; r < rows; r++) {
        const float *in = x + r * n;
        int32_t best = 0;
        for (int32_t i = 1; i < n; i++) {
            best = in[i] > in[best] ? i : best;
        }
        y[r] = best;
    }
}
