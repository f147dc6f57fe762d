/* Remainder with the dividend's sign, exact, float32: y[i] from x[i] and b[i mod period].
 * x, y [n], b [period]; n is a multiple of period. y may be x. */
#include "ts_fmod.h"

void ts_fmod_float32(const float *x, const float *b, float *y, int32_t n, int32_t period) {
#define TS_RESULT(x, b) ts_fmod(x, b)
#include "ts_binary.inc"
}
