/* Votes of the k nearest, float32: y[r][i] is 0 for all but the k smallest distances x[r][i] (of equal ones the first); theirs is
 * 1, or with `inverse` 1 / x[r][i], and where some are zero 1 for those and 0 for the others. x, y [rows][n], k 1..n. */
#include "ts_float.h"

void ts_nearest_float32(const float *x, float *y, int32_t rows, int32_t n, int32_t k, int32_t inverse) {
    for (int32_t r = 0; r < rows; r++) {
        const float *in = x + r * n;
        float *out = y + r * n;
        int32_t zero = 0;
        for (int32_t i = 0; i < n; i++) {
            out[i] = 0.0f;
        }
        for (int32_t found = 0; found < k; found++) {
            int32_t best = -1;
            for (int32_t i = 0; i < n; i++) {
                if (out[i] == 0.0f && (best < 0 || in[i] < in[best])) {
                    best = i;
                }
            }
            out[best] = 1.0f;
            if (in[best] == 0.0f) {
                zero = 1;
            }
        }
        for (int32_t i = 0; inverse && i < n; i++) {
            if (out[i] != 0.0f && zero) {
                out[i] = in[i] == 0.0f ? 1.0f : 0.0f;
            } else if (out[i] != 0.0f) {
                out[i] = ts_div(1.0f, in[i]);
            }
        }
    }
}
