/* Requantisation of int8 values, less their zero point x_zero, to integers of 1, 2 or 4 bytes: y[i] =
 * clamp(round(value * factor) + zero, low, high), factor = multiplier[c] * 2^(shift[c] - 31), c = i mod channels;
 * multiplier 0 or 2^30..2^31-1, shift -31..30 (rounding 3: ..14). x, y [n]; rounding 0: double (gemmlowp), 1: single
 * (halves upwards), 2: onnx (float32 product, halves to even), 3: wide16 (16-bit multiplier, halves upwards). y may
 * lie in x's memory as far as bytes allow. */
#include "ts_fixed.h"

void ts_requantize_int8(const int8_t *x, const int32_t *multiplier, const int32_t *shift, void *y, int32_t n,
                         int32_t channels, int32_t zero, int32_t low, int32_t high, int32_t rounding,
                         int32_t bytes, int32_t x_zero) {
#define TS_VALUE(x) ((int32_t)(x) - x_zero)
#include "ts_requantize.inc"
}
