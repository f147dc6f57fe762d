/* The logistic function (tanh 0) or hyperbolic tangent (tanh 1) of int16 (ts_table16.h). x, y [n]; table [256]. y may be
 * x. */
#include "ts_table16.h"

void ts_sigmoid16_int16(const int16_t *x, const int16_t *table, int16_t *y, int32_t n,
                        int32_t multiplier, int32_t shift, int32_t tanh) {
#define TS_RESULT(x) ts_table16(x, table, multiplier, shift, tanh)
#include "ts_unary.inc"
}
