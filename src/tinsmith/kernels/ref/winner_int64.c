/* Index of the first of the largest values of each row, binary64 as bits, no NaN; x [rows][n]. */
#include "ts_kernel.h"

/* Order of the bits as that of the numbers: both zeros are 0. */
static int64_t ts_order_of_votes(uint64_t x) {
    return (int64_t)x < 0 ? -(int64_t)(x & 0x7FFFFFFFFFFFFFFFu) : (int64_t)x;
}

void ts_winner_int64(const int64_t *x, int32_t *y, int32_t rows, int32_t n) {
    for (int32_t r = 0; r < rows; r++) {
        const int64_t *in = x + r * n;
        int32_t best = 0;
        int64_t top = ts_order_of_votes((uint64_t)in[0]);
        for (int32_t i = 1; i < n; i++) {
            int64_t key = ts_order_of_votes((uint64_t)in[i]);
            if (key > top) {
                top = key;
                best = i;
            }
        }
        y[r] = best;
    }
}
