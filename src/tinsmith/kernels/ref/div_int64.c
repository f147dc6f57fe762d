/* Quotient without its fraction; 0 where b is 0; the lowest value by -1 stays, int64: y[i] from an x and a b.
 * x, y [n], b [period * blocks], which repeats as ts_repeat.inc says; where turned, b comes first. y may be x, or a b of n
 * elements. */
#include "ts_kernel.h"

static inline int64_t divided_int64(int64_t x, int64_t b) {
    if (b == -1) {
        return (int64_t)(0u - (uint64_t)x);
    }
    return b == 0 ? 0 : x / b;
}

void ts_div_int64(const int64_t *x, const int64_t *b, int64_t *y, int32_t n,
                  int32_t period, int32_t block, int32_t blocks, int32_t turned) {
#define TS_RESULT(x, b) divided_int64(x, b)
#include "ts_ordered.inc"
}
