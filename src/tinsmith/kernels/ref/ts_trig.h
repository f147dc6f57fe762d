/* Sine and cosine of float32, the same steps as the numpy reference; error below 2e-7 for every x, relative to 1.
 *
 * The quadrant comes from x * 2 / pi in integers (Payne and Hanek, "Radian Reduction for Trigonometric Functions", 1983),
 * so that it is right however large x is; what is left, within +-pi/4, goes through polynomials that meet the functions
 * at the Chebyshev nodes. */
#ifndef TS_TRIG_H
#define TS_TRIG_H

#include "ts_float.h"

/* |x| = quadrant * pi / 2 + r with |r| <= pi / 4; returns r. The quadrant counts modulo 4. */
static inline float ts_reduced(float x, uint32_t *quadrant) {
    uint32_t bits = ts_bits_of(x) & 0x7FFFFFFFu;
    *quadrant = 0u;
    if (bits >= 0x7F800000u) {
        return ts_float_of(0x7FC00000u);
    }
    if (bits <= 0x3F490FDAu) { /* pi / 4 */
        return ts_float_of(bits);
    }
    /* 2 / pi, a word of zeros in front. Bit number at (from the top) is the first that matters modulo 4. */
    uint32_t a = 0u, b = 0xA2F9836Eu, c = 0x4E441529u, d = 0xFC2757D1u;
    uint32_t e = 0xF534DDC0u, f = 0xDB629599u, g = 0x3C439041u, h = 0xFE5163ABu;
    int32_t at = (int32_t)(bits >> 23) - 120;
    while (at >= 32) {
        a = b;
        b = c;
        c = d;
        d = e;
        e = f;
        f = g;
        g = h;
        at -= 32;
    }
    uint64_t m = (bits & 0x007FFFFFu) | 0x00800000u;
    uint64_t high = (uint64_t)a << 32 | b, low = (uint64_t)c << 32 | d;
    if (at > 0) {
        high = high << at | low >> (64 - at);
        low <<= at;
    }
    uint64_t product = m * high + (m * (low >> 32) >> 32); /* quadrants, 62 bits behind the point */
    uint64_t nearest = (product + ((uint64_t)1 << 61)) >> 62;
    uint64_t rest = product - (nearest << 62);
    uint32_t below = (uint32_t)(rest >> 63);
    rest = below != 0u ? 0u - rest : rest;
    float upper = ts_f32((float)(int32_t)(rest >> 32) * 1.46291812e-9f);             /* pi / 2 * 2^-30 */
    float r = upper + ts_f32((float)(int32_t)((uint32_t)rest >> 8) * 8.71967124e-17f); /* pi / 2 * 2^-54 */
    *quadrant = (uint32_t)nearest;
    return below != 0u ? -r : r;
}

/* Sine of r + turn * pi / 2, |r| <= pi / 4. */
static inline float ts_turned(float r, uint32_t turn) {
    float z = ts_f32(r * r);
    float y;
    if ((turn & 1u) != 0u) {
        float p = -2.72958573e-7f;
        p = ts_f32(p * z) + 2.48005599e-5f;
        p = ts_f32(p * z) - 1.38888881e-3f;
        p = ts_f32(p * z) + 4.16666679e-2f;
        p = ts_f32(p * z) - 0.5f;
        y = ts_f32(p * z) + 1.0f;
    } else {
        float p = 2.72438115e-6f;
        p = ts_f32(p * z) - 1.98400390e-4f;
        p = ts_f32(p * z) + 8.33333191e-3f;
        p = ts_f32(p * z) - 1.66666672e-1f;
        y = ts_f32(ts_f32(p * z) * r) + r;
    }
    return (turn & 2u) != 0u ? -y : y;
}

/* Sine; NaN of an infinity. */
static inline float ts_sin(float x) {
    uint32_t quadrant;
    float r = ts_reduced(x, &quadrant);
    float y = ts_turned(r, quadrant);
    return ts_bits_of(x) >> 31 != 0u ? -y : y;
}

/* Cosine; NaN of an infinity. */
static inline float ts_cos(float x) {
    uint32_t quadrant;
    float r = ts_reduced(x, &quadrant);
    return ts_turned(r, quadrant + 1u);
}

#endif
