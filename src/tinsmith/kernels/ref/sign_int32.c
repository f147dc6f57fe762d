/* Sign: -1, 0 or 1, int32. x, y [n]. y may be x. */
#include "ts_kernel.h"

void ts_sign_int32(const int32_t *x, int32_t *y, int32_t n) {
#define TS_RESULT(x) (((x) > 0) - ((x) < 0))
#include "ts_unary.inc"
}
