/* float32 to whole numbers in float32: exact, zeros keep the sign of x, NaN and infinities stay. */
#ifndef TS_ROUND_H
#define TS_ROUND_H

#include "ts_float.h"

/* Whether x is a whole number, infinite or NaN by its size alone. */
static inline int ts_is_large(float x) {
    return (ts_bits_of(x) & 0x7FFFFFFFu) >= 0x4B000000u; /* 2^23 */
}

static inline float ts_with_sign_of(float magnitude, float x) {
    return ts_float_of((ts_bits_of(magnitude) & 0x7FFFFFFFu) | (ts_bits_of(x) & 0x80000000u));
}

/* Largest whole number that is not above x. */
static inline float ts_floor(float x) {
    if (ts_is_large(x)) {
        return x;
    }
    float t = (float)(int32_t)x;
    return ts_with_sign_of(t - (t > x ? 1.0f : 0.0f), x);
}

/* Smallest whole number that is not below x. */
static inline float ts_ceil(float x) {
    if (ts_is_large(x)) {
        return x;
    }
    float t = (float)(int32_t)x;
    return ts_with_sign_of(t + (t < x ? 1.0f : 0.0f), x);
}

/* Nearest whole number, ties to even. */
static inline float ts_round(float x) {
    if (ts_is_large(x)) {
        return x;
    }
    float v = ts_float_of(ts_bits_of(x) & 0x7FFFFFFFu);
    return ts_with_sign_of(ts_f32(v + 8388608.0f) - 8388608.0f, x);
}

#endif
