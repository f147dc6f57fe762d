/* Sum along one axis, int32, modulo 2^32. x [outer][length][inner] -> y [outer][inner]. */
#include "ts_kernel.h"

void ts_reduce_sum_int32(const int32_t *x, int32_t *y, int32_t outer, int32_t length, int32_t inner) {
    typedef int32_t value_type;
    typedef uint32_t result_type;
#define TS_NEXT(sum, x) ((sum) + (uint32_t)(x))
#define TS_RESULT(sum) (int32_t)(sum)
#include "ts_reduce.inc"
}
