/* Products of matrices, float32: z[b] = x[b] y[b]; a sum starts at 0 and runs over k in order.
 * x [batch][m][k], y [batch][k][n], or [k][n] for all if shared, z [batch][m][n]. */
#include "ts_kernel.h"

void ts_matmul_float32(
    const float *x, const float *y, float *z, int32_t batch, int32_t m, int32_t k, int32_t n, int32_t shared) {
    for (int32_t b = 0; b < batch; b++) {
        const float *right = y + (shared != 0 ? 0 : b) * k * n;
        for (int32_t p = 0; p < m * n; p++) {
            const float *row = x + (b * m + p / n) * k;
            const float *column = right + p % n;
            float sum = 0.0f;
            for (int32_t i = 0; i < k; i++) {
                sum += ts_f32(row[i] * column[i * n]);
            }
            z[b * m * n + p] = sum;
        }
    }
}
