/* Running sums along one axis, int64, modulo 2^64: of all elements up to each (without it if exclusive), from the end if reverse.
 * x, y [outer][length][inner]. */
#include "ts_kernel.h"

void ts_cumsum_int64(
    const int64_t *x, int64_t *y, int32_t outer, int32_t length, int32_t inner, int32_t exclusive, int32_t reverse) {
    typedef int64_t value_type;
    typedef uint64_t sum_type;
#include "ts_cumsum.inc"
}
