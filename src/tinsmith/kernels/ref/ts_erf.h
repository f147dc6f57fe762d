/* The error function of float32, the same steps as the numpy reference; relative error below 3e-7.
 *
 * Below 1 x + x * p(x^2), from there on 1 - e^-q(x), both polynomials meeting the function at Chebyshev nodes (of 0..1
 * and 1..4); 1 from 4 on. */
#ifndef TS_ERF_H
#define TS_ERF_H

#include "ts_float.h"

static inline float ts_erf(float x) {
    float v = ts_float_of(ts_bits_of(x) & 0x7FFFFFFFu);
    if (v < 1.0f) {
        float z = ts_f32(x * x);
        float p = 7.87587487e-5f;
        p = ts_f32(p * z) - 8.01686430e-4f;
        p = ts_f32(p * z) + 5.18908724e-3f;
        p = ts_f32(p * z) - 2.68542115e-2f;
        p = ts_f32(p * z) + 1.12835944e-1f;
        p = ts_f32(p * z) - 3.76126260e-1f;
        p = ts_f32(p * z) + 1.28379166e-1f;
        return ts_f32(p * x) + x;
    }
    v = v > 4.0f ? 4.0f : v;
    float q = 1.32723617e-5f;
    q = ts_f32(q * v) - 3.16937017e-4f;
    q = ts_f32(q * v) + 3.43235140e-3f;
    q = ts_f32(q * v) - 2.26047728e-2f;
    q = ts_f32(q * v) + 1.03281118e-1f;
    q = ts_f32(q * v) + 6.39141262e-1f;
    q = ts_f32(q * v) + 1.12589359f;
    q = ts_f32(q * v) + 7.65897799e-4f;
    float y = 1.0f - ts_exp(-q);
    return x < 0.0f ? -y : y;
}

#endif
