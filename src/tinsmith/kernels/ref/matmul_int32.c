/* Products of matrices, int32: z[b] = x[b] y[b]; modulo 2^32.
 * x [batch][m][k], y [batch][k][n], or [k][n] for all if shared, z [batch][m][n]. */
#include "ts_kernel.h"

void ts_matmul_int32(
    const int32_t *x, const int32_t *y, int32_t *z, int32_t batch, int32_t m, int32_t k, int32_t n, int32_t shared) {
    typedef int32_t value_type;
    typedef uint32_t sum_type;
#define TS_TERM(x, y) ((uint32_t)(x) * (uint32_t)(y))
#include "ts_matmul.inc"
}
