/* Smallest value along one axis, int32. x [outer][length][inner] -> y [outer][inner]. */
#include "ts_kernel.h"

void ts_reduce_min_int32(const int32_t *x, int32_t *y, int32_t outer, int32_t length, int32_t inner) {
    typedef int32_t value_type;
    typedef int32_t result_type;
#define TS_NEXT(best, x) ((x) < (best) ? (x) : (best))
#define TS_RESULT(best) (best)
#include "ts_reduce.inc"
}
