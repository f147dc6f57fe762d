/* Quantisation, float32 to int8: y[i] = round(x[i] / scale) + zero, saturated; NaN gives zero. Halves go away from zero,
 * or to even numbers where even is 1.
 * x, y [n]; scale > 0 (units of x per step), zero -128..127. y may lie in x's memory, from its start on. */
#include "ts_float.h"

void ts_quantize_float32(const float *x, int8_t *y, int32_t n, float scale, int32_t zero,
                         int32_t even) {
    for (int32_t i = 0; i < n; i++) {
        float t = ts_div(x[i], scale);
        t = t > -256.0f ? t : (t != t ? 0.0f : -256.0f);
        t = t < 256.0f ? t : 256.0f;
        int32_t whole = (int32_t)t;
        float rest = t - (float)whole; /* exact; adding 0.5 before the cast would round 0.49999997 up */
        int32_t halves = even != 0 && whole % 2 == 0 ? 0 : 1; /* whether a half leaves whole */
        whole += rest > 0.5f || (halves != 0 && rest >= 0.5f) ? 1 : 0;
        whole -= rest < -0.5f || (halves != 0 && rest <= -0.5f) ? 1 : 0;
        y[i] = (int8_t)ts_clamp(whole + zero, -128, 127);
    }
}
