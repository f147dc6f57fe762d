/* Product along one axis, float32, from the first element on in order of index. x [outer][length][inner] -> y [outer][inner]. */
#include "ts_kernel.h"

void ts_reduce_prod_float32(const float *x, float *y, int32_t outer, int32_t length, int32_t inner) {
    typedef float value_type;
    typedef float result_type;
#define TS_NEXT(product, x) ts_f32((product) * (x))
#define TS_RESULT(product) (product)
#include "ts_reduce.inc"
}
