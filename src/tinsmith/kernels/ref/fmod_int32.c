/* Remainder with the dividend's sign; 0 where b is 0, int32: y[i] from an x and a b.
 * x, y [n], b [period * blocks], which repeats as ts_repeat.inc says; where turned, b comes first. y may be x, or a b of n
 * elements. */
#include "ts_kernel.h"

static inline int32_t remainder_int32(int32_t x, int32_t b) {
    return b == -1 || b == 0 ? 0 : x % b;
}

void ts_fmod_int32(const int32_t *x, const int32_t *b, int32_t *y, int32_t n,
                   int32_t period, int32_t block, int32_t blocks, int32_t turned) {
#define TS_RESULT(x, b) remainder_int32(x, b)
#include "ts_ordered.inc"
}
