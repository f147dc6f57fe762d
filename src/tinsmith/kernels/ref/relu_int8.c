/* Rectifier, int8: y[i] = x[i] where x[i] > zero, else zero. x, y [n] share one quantisation; zero is its zero
 * point, -128..127. y may be x. */
#include "ts_kernel.h"

void ts_relu_int8(const int8_t *x, int8_t *y, int32_t n, int32_t zero) {
#define TS_RESULT(x) (int8_t)((x) > zero ? (x) : zero)
#include "ts_unary.inc"
}
