/* Remainder with the dividend's sign; 0 where b is 0, int32: y[i] from x[i] and b[i mod period].
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_kernel.h"

static inline int32_t remainder_int32(int32_t x, int32_t b) {
    return b == -1 || b == 0 ? 0 : x % b;
}

void ts_fmod_int32(const int32_t *x, const int32_t *b, int32_t *y, int32_t n, int32_t period) {
#define TS_RESULT(x, b) remainder_int32(x, b)
#include "ts_binary.inc"
}
