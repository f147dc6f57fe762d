/* Products of matrices, float32: z[b] = x[b] y[b]; a sum starts at 0 and runs over k in order.
 * x [batch][m][k], y [batch][k][n], or [k][n] for all if shared, z [batch][m][n]. */
#include "ts_kernel.h"

void ts_matmul_float32(
    const float *x, const float *y, float *z, int32_t batch, int32_t m, int32_t k, int32_t n, int32_t shared) {
    typedef float value_type;
    typedef float sum_type;
#define TS_TERM(x, y) ts_f32((x) * (y))
#include "ts_matmul.inc"
}
