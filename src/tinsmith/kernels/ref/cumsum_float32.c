/* Running sums along one axis, float32, from 0 on in order: of all elements up to each (without it if exclusive), from the end if reverse.
 * x, y [outer][length][inner]. */
#include "ts_kernel.h"

void ts_cumsum_float32(
    const float *x, float *y, int32_t outer, int32_t length, int32_t inner, int32_t exclusive, int32_t reverse) {
    typedef float value_type;
    typedef float sum_type;
#include "ts_cumsum.inc"
}
