/* Index of the smallest value along one axis, int64; of equal ones the first, or the last.
 * x [outer][length][inner] -> y [outer][inner]. */
#include "ts_kernel.h"

void ts_argmin_int64(const int64_t *x, int64_t *y, int32_t outer, int32_t length, int32_t inner, int32_t last) {
    typedef int64_t value_type;
#define TS_BETTER(x, best) ((x) < (best))
#include "ts_argbest.inc"
}
