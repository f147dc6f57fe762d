/* Requantisation, int32 sums to int8: y[i] = clamp(round(x[i] * factor) + zero, low, high).
 * factor = multiplier[c] * 2^(shift[c] - 31), c = i mod channels; multiplier 0 or 2^30..2^31-1, shift -31..30.
 * x, y [n]; zero, low and high -128..127; rounding 0: double (gemmlowp), 1: single (halves upwards), 2: onnx
 * (float32 product, halves to even). y may lie in x's memory, from its start on. */
/* mutant: "rounding == 1" -> "rounding == 3" */
#include "ts_fixed.h"

void ts_requantize_int32(const int32_t *x, const int32_t *multiplier, const int32_t *shift, int8_t *y,
                         int32_t n, int32_t channels, int32_t zero, int32_t low, int32_t high,
                         int32_t rounding) {
    int32_t c = 0;
    for (int32_t i = 0; i < n; i++) {
        int32_t scaled;
        if (rounding == 0) {
            scaled = ts_scale_double(x[i], multiplier[c], shift[c]);
        } else if (rounding == 1) {
            scaled = ts_scale_single(x[i], multiplier[c], shift[c]);
        } else {
            scaled = ts_scale_onnx(x[i], multiplier[c], shift[c]);
        }
        y[i] = (int8_t)ts_clamp(ts_clamp(scaled, -1024, 1024) + zero, low, high);
        c = c + 1 < channels ? c + 1 : 0;
    }
}
