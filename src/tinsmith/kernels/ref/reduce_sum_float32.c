/* Sum along one axis, float32, from the first element on in order of index. x [outer][length][inner] -> y [outer][inner]. */
#include "ts_kernel.h"

void ts_reduce_sum_float32(const float *x, float *y, int32_t outer, int32_t length, int32_t inner) {
    typedef float value_type;
    typedef float result_type;
#define TS_NEXT(sum, x) ((sum) + (x))
#define TS_RESULT(sum) (sum)
#include "ts_reduce.inc"
}
