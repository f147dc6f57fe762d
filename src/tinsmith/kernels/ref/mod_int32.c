/* Remainder with the divisor's sign; 0 where b is 0, int32: y[i] from an x and a b.
 * x [x_period], b [b_period], y [n]; which x and which b says ts_binary.inc. y may be an operand of n elements. */
#include "ts_kernel.h"

static inline int32_t modulus_int32(int32_t x, int32_t b) {
    int32_t r = b == -1 || b == 0 ? 0 : x % b;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

void ts_mod_int32(const int32_t *x, const int32_t *b, int32_t *y, int32_t n, int32_t run,
                  int32_t x_period, int32_t x_step, int32_t b_period, int32_t b_step) {
#define TS_RESULT(x, b) modulus_int32(x, b)
#include "ts_binary.inc"
}
