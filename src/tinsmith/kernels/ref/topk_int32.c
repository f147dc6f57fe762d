/* Indices of the k largest (or smallest) values along one axis, int32, best first; of equal ones the lower index first.
 * x [outer][length][inner] -> y [outer][k][inner]; k <= length. */
#include "ts_kernel.h"

void ts_topk_int32(
    const int32_t *x, int64_t *y, int32_t outer, int32_t length, int32_t inner, int32_t k, int32_t largest) {
    typedef int32_t value_type;
    typedef int32_t key_type;
#define TS_KEY(x) (x)
#include "ts_topk.inc"
}
