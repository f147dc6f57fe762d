/* Smallest value along one axis, int64. x [outer][length][inner] -> y [outer][inner]. */
#include "ts_kernel.h"

void ts_reduce_min_int64(const int64_t *x, int64_t *y, int32_t outer, int32_t length, int32_t inner) {
    typedef int64_t value_type;
    typedef int64_t result_type;
#define TS_NEXT(best, x) ((x) < (best) ? (x) : (best))
#define TS_RESULT(best) (best)
#include "ts_reduce.inc"
}
