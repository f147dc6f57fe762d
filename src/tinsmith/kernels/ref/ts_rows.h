/* Rows of float32 in 8 bits: step, its inverse and zero point of a row, and its values in steps.
 *
 * Source: TensorFlow Lite, lite/kernels/internal/reference/portable_tensor_utils.cc (SymmetricQuantizeFloats,
 * AsymmetricQuantizeFloats), in float32 throughout. */
#ifndef TS_ROWS_H
#define TS_ROWS_H

#include "ts_float.h"

/* fields [3] of x [n]. Symmetric: m / 127, 127 / m, 0 with m the largest magnitude; asymmetric: (high - low) / 255,
 * 1 / step, and a whole number of -128..127. A row below 1e-30 gives 1, 1, 0. NaN counts as 0, magnitudes as 1.5e38 at
 * most. */
static inline void ts_row_fields(const float *x, int32_t n, int32_t asymmetric, float *fields) {
    float low = 0.0f;
    float high = 0.0f;
    for (int32_t i = 0; i < n; i++) {
        float v = x[i];
        low = v < low ? v : low;
        high = v > high ? v : high;
    }
    low = low < -1.5e38f ? -1.5e38f : low;
    high = high > 1.5e38f ? 1.5e38f : high;
    float step = 1.0f;
    float inverse = 1.0f;
    float zero = 0.0f;
    float most = -low > high ? -low : high;
    if (asymmetric != 0 && most >= 1e-30f) {
        step = ts_div(high - low, 255.0f);
        inverse = ts_div(1.0f, step);
        float below = ts_div(low, step);
        float above = ts_div(high, step);
        zero = 128.0f - below < 127.0f + above ? -128.0f - below : 127.0f - above;
        zero = zero < -128.0f ? -128.0f : (zero > 127.0f ? 127.0f : zero);
        float full = (float)(int32_t)zero;
        float left = zero - full;
        zero = full + (left >= 0.5f ? 1.0f : 0.0f) - (left <= -0.5f ? 1.0f : 0.0f);
    }
    if (asymmetric == 0 && most >= 1e-30f) {
        step = ts_div(most, 127.0f);
        inverse = ts_div(127.0f, most);
    }
    fields[0] = step;
    fields[1] = inverse;
    fields[2] = zero;
}

/* y [n] = clamp(round(x * inverse + zero), lowest, 127) - zero, halves away from zero; NaN gives 0. fields [3] = step,
 * inverse, zero point (-128..127); lowest -128 or -127. */
static inline void ts_row_steps(const float *x, const float *fields, int16_t *y, int32_t n, int32_t lowest) {
    float inverse = fields[1];
    float zero = fields[2];
    zero = zero > -128.0f ? zero : (zero != zero ? 0.0f : -128.0f);
    zero = zero < 127.0f ? zero : 127.0f;
    for (int32_t i = 0; i < n; i++) {
        float t = ts_f32(x[i] * inverse) + zero;
        t = t > -256.0f ? t : (t != t ? zero : -256.0f);
        t = t < 256.0f ? t : 256.0f;
        int32_t whole = (int32_t)t;
        float rest = t - (float)whole;
        whole += rest >= 0.5f ? 1 : 0;
        whole -= rest <= -0.5f ? 1 : 0;
        y[i] = (int16_t)(ts_clamp(whole, lowest, 127) - (int32_t)zero);
    }
}

#endif
