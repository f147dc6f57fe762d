/* Binary64 given as bits to float32, to nearest even. */
#include "ts_double.h"

void ts_double_to_float_int64(const int64_t *x, float *y, int32_t n) {
#define TS_RESULT(x) ts_double_narrow((uint64_t)(x))
#include "ts_unary.inc"
}
