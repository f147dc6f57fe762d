/* Products of matrices, int64: z[b] = x[b] y[b]; modulo 2^64.
 * x [batch][m][k], y [batch][k][n], or [k][n] for all if shared, z [batch][m][n]. */
#include "ts_kernel.h"

void ts_matmul_int64(
    const int64_t *x, const int64_t *y, int64_t *z, int32_t batch, int32_t m, int32_t k, int32_t n, int32_t shared) {
    for (int32_t b = 0; b < batch; b++) {
        const int64_t *right = y + (shared != 0 ? 0 : b) * k * n;
        for (int32_t p = 0; p < m * n; p++) {
            const int64_t *row = x + (b * m + p / n) * k;
            const int64_t *column = right + p % n;
            uint64_t sum = 0;
            for (int32_t i = 0; i < k; i++) {
                sum += (uint64_t)row[i] * (uint64_t)column[i * n];
            }
            z[b * m * n + p] = (int64_t)sum;
        }
    }
}
