/* Products of matrices, int32: z[b] = x[b] y[b]; modulo 2^32.
 * x [batch][m][k], y [batch][k][n], or [k][n] for all if shared, z [batch][m][n]. */
#include "ts_kernel.h"

void ts_matmul_int32(
    const int32_t *x, const int32_t *y, int32_t *z, int32_t batch, int32_t m, int32_t k, int32_t n, int32_t shared) {
    for (int32_t b = 0; b < batch; b++) {
        const int32_t *right = y + (shared != 0 ? 0 : b) * k * n;
        for (int32_t p = 0; p < m * n; p++) {
            const int32_t *row = x + (b * m + p / n) * k;
            const int32_t *column = right + p % n;
            uint32_t sum = 0;
            for (int32_t i = 0; i < k; i++) {
                sum += (uint32_t)row[i] * (uint32_t)column[i * n];
            }
            z[b * m * n + p] = (int32_t)sum;
        }
    }
}
