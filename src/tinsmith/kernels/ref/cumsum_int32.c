/* Running sums along one axis, int32, modulo 2^32: of all elements up to each (without it if exclusive), from the end if reverse.
 * x, y [outer][length][inner]. */
#include "ts_kernel.h"

void ts_cumsum_int32(
    const int32_t *x, int32_t *y, int32_t outer, int32_t length, int32_t inner, int32_t exclusive, int32_t reverse) {
    typedef int32_t value_type;
    typedef uint32_t sum_type;
#include "ts_cumsum.inc"
}
