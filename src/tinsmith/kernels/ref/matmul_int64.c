/* Products of matrices, int64: z[b] = x[b] y[b]; modulo 2^64.
 * x [batch][m][k], y [batch][k][n], or [k][n] for all if shared, z [batch][m][n]. */
#include "ts_kernel.h"

void ts_matmul_int64(
    const int64_t *x, const int64_t *y, int64_t *z, int32_t batch, int32_t m, int32_t k, int32_t n, int32_t shared) {
    typedef int64_t value_type;
    typedef uint64_t sum_type;
#define TS_TERM(x, y) ((uint64_t)(x) * (uint64_t)(y))
#include "ts_matmul.inc"
}
