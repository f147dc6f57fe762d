/* Product along one axis, int64, modulo 2^64. x [outer][length][inner] -> y [outer][inner]. */
#include "ts_kernel.h"

void ts_reduce_prod_int64(const int64_t *x, int64_t *y, int32_t outer, int32_t length, int32_t inner) {
    typedef int64_t value_type;
    typedef uint64_t result_type;
#define TS_NEXT(product, x) ((product) * (uint64_t)(x))
#define TS_RESULT(product) (int64_t)(product)
#include "ts_reduce.inc"
}
