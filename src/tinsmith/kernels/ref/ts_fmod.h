/* Remainders of float32 divisions, exact: long division of the mantissas (as ISO/IEC 9899:1999, 7.12.10.1 defines fmod).
 * Division by zero and remainders of infinities are NaN. */
#ifndef TS_FMOD_H
#define TS_FMOD_H

#include "ts_float.h"

/* x - y * trunc(x / y): has the sign of x. */
static inline float ts_fmod(float x, float y) {
    uint32_t a = ts_bits_of(x) & 0x7FFFFFFFu;
    uint32_t b = ts_bits_of(y) & 0x7FFFFFFFu;
    uint32_t sign = ts_bits_of(x) & 0x80000000u;
    if (a >= 0x7F800000u || b > 0x7F800000u || b == 0u) {
        return ts_float_of(0x7FC00000u);
    }
    if (a < b) {
        return x;
    }
    int32_t ea, eb;
    uint32_t rest = ts_normalised(a, &ea);
    uint32_t divisor = ts_normalised(b, &eb);
    for (;;) {
        rest -= rest >= divisor ? divisor : 0u;
        if (ea == eb || rest == 0u) {
            break;
        }
        rest <<= 1;
        ea -= 1;
    }
    if (rest == 0u) {
        return ts_float_of(sign);
    }
    while (rest < 0x00800000u && eb > 1) {
        rest <<= 1;
        eb -= 1;
    }
    while (eb < 1) { /* a denormal: the mantissa had been shifted up, what comes off is zeros */
        rest >>= 1;
        eb += 1;
    }
    uint32_t bits = rest >= 0x00800000u ? ((uint32_t)(eb - 1) << 23) + rest : rest;
    return ts_float_of(sign | bits);
}

/* x - y * floor(x / y): has the sign of y (zero too). */
static inline float ts_mod(float x, float y) {
    float r = ts_fmod(x, y);
    if (r != 0.0f && (r < 0.0f) != (y < 0.0f)) {
        return r + y;
    }
    return r != 0.0f ? r : ts_float_of((ts_bits_of(r) & 0x7FFFFFFFu) | (ts_bits_of(y) & 0x80000000u));
}

#endif
