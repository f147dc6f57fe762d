/* Remainder with the divisor's sign; 0 where b is 0, int64: y[i] from an x and a b.
 * x, y [n], b [period * blocks], which repeats as ts_repeat.inc says; where turned, b comes first. y may be x, or a b of n
 * elements. */
#include "ts_kernel.h"

static inline int64_t modulus_int64(int64_t x, int64_t b) {
    int64_t r = b == -1 || b == 0 ? 0 : x % b;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

void ts_mod_int64(const int64_t *x, const int64_t *b, int64_t *y, int32_t n,
                  int32_t period, int32_t block, int32_t blocks, int32_t turned) {
#define TS_RESULT(x, b) modulus_int64(x, b)
#include "ts_ordered.inc"
}
