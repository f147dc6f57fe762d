/* Sign: -1, 0 or 1, int64. x, y [n]. y may be x. */
#include "ts_kernel.h"

void ts_sign_int64(const int64_t *x, int64_t *y, int32_t n) {
#define TS_RESULT(x) (((x) > 0) - ((x) < 0))
#include "ts_unary.inc"
}
