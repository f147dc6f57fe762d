/* Weighted median, binary64 as bits: the first value, from the smallest up, at which the running sum of the weights is at least
 * half of their sum; of equal values the first in front. x [rows][n], weights [n] above zero or zero, y [rows]; no NaN. */
#include "ts_double.h"

static int64_t ts_order(uint64_t x) {
    return (int64_t)x < 0 ? -(int64_t)(x & 0x7FFFFFFFFFFFFFFFu) : (int64_t)x;
}

/* Index of the smallest of those behind (last, at) in order of value and place. */
static int32_t ts_next(const int64_t *in, int32_t n, int64_t last, int32_t at) {
    int32_t best = 0;
    int64_t least = INT64_MAX;
    for (int32_t i = 0; i < n; i++) {
        int64_t key = ts_order((uint64_t)in[i]);
        if ((key > last || (key == last && i > at)) && key < least) {
            least = key;
            best = i;
        }
    }
    return best;
}

void ts_weighted_median_int64(const int64_t *x, const int64_t *weights, int64_t *y, int32_t rows, int32_t n) {
    for (int32_t r = 0; r < rows; r++) {
        const int64_t *in = x + r * n;
        uint64_t total = 0;
        uint64_t sum = 0;
        for (int32_t pass = 0; pass < 2; pass++) {
            int64_t last = INT64_MIN;
            int32_t at = -1;
            for (int32_t found = 0; found < n; found++) {
                at = ts_next(in, n, last, at);
                last = ts_order((uint64_t)in[at]);
                if (pass == 0) {
                    total = ts_double_add(total, (uint64_t)weights[at]);
                } else {
                    sum = ts_double_add(sum, (uint64_t)weights[at]);
                    if (ts_double_add(sum, sum) >= total) {
                        break;
                    }
                }
            }
            y[r] = in[at];
        }
    }
}
