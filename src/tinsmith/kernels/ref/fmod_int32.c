/* Remainder with the dividend's sign; 0 where b is 0, int32: y[i] from an x and a b.
 * x [x_period], b [b_period], y [n]; which x and which b says ts_binary.inc. y may be an operand of n elements. */
#include "ts_kernel.h"

static inline int32_t remainder_int32(int32_t x, int32_t b) {
    return b == -1 || b == 0 ? 0 : x % b;
}

void ts_fmod_int32(const int32_t *x, const int32_t *b, int32_t *y, int32_t n, int32_t run,
                   int32_t x_period, int32_t x_step, int32_t b_period, int32_t b_step) {
#define TS_RESULT(x, b) remainder_int32(x, b)
#include "ts_binary.inc"
}
