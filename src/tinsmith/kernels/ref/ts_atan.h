/* Inverse tangent of float32, the same steps as the numpy reference; relative error below 3e-7.
 *
 * Brought to within tan(pi / 8) by atan(v) = pi / 4 + atan((v - 1) / (v + 1)) or pi / 2 - atan(1 / v) (Abramowitz and
 * Stegun, 4.4.34 and 4.4.5); there an odd polynomial that meets the function at Chebyshev nodes. */
#ifndef TS_ATAN_H
#define TS_ATAN_H

#include "ts_float.h"

static inline float ts_atan(float x) {
    float v = ts_float_of(ts_bits_of(x) & 0x7FFFFFFFu);
    float base = 0.0f, r = v;
    if (v > 2.41421366f) {
        base = 1.57079637f;
        r = ts_f32(ts_div(-1.0f, v));
    } else if (v > 0.414213568f) {
        base = 0.785398185f;
        r = ts_f32(ts_div(v - 1.0f, v + 1.0f));
    }
    float z = ts_f32(r * r);
    float p = -6.44774139e-2f;
    p = ts_f32(p * z) + 1.07424669e-1f;
    p = ts_f32(p * z) - 1.42638385e-1f;
    p = ts_f32(p * z) + 1.99995369e-1f;
    p = ts_f32(p * z) - 3.33333313e-1f;
    float y = base + (ts_f32(ts_f32(p * z) * r) + r);
    return ts_float_of(ts_bits_of(y) | (ts_bits_of(x) & 0x80000000u));
}

#endif
