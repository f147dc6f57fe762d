/* x to the power y, float32, in integers: error below 1 unit in the last place where the result is normal.
 *
 * The logarithm to base 2 comes digit by digit from repeated squaring (Knuth, "The Art of Computer Programming", volume
 * 1, section 1.2.2), 55 bits behind the point; the power of 2 of the fraction from its series. Special cases as ISO/IEC 9899:1999, F.9.4.4. */
#ifndef TS_POW_H
#define TS_POW_H

#include "ts_float.h"

/* Upper 64 bits of a product. */
static inline uint64_t ts_mul_high(uint64_t a, uint64_t b) {
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
    uint64_t other = a0 * b1 + (uint32_t)middle;
    return a1 * b1 + (middle >> 32) + (other >> 32);
}

/* log2 of finite x above zero, 55 bits behind the point. */
static inline int64_t ts_log2_fixed(uint32_t bits) {
    int32_t e;
    uint64_t m = (uint64_t)ts_normalised(bits, &e) << 40; /* 1..2, 63 bits behind the point */
    uint64_t fraction = 0;
    for (int32_t i = 0; i < 55; i++) {
        m = ts_mul_high(m, m); /* 1..4, 62 bits behind the point */
        fraction <<= 1;
        if (m >= (uint64_t)1 << 63) {
            fraction |= 1u;
        } else {
            m <<= 1;
        }
    }
    return (int64_t)(e - 127) * ((int64_t)1 << 55) + (int64_t)fraction;
}

/* 2^t to nearest; t has 40 bits behind the point, |t| < 2^60. */
static inline float ts_exp2_fixed(int64_t t) {
    int64_t whole = t >> 40;
    if (whole >= 128) {
        return ts_float_of(0x7F800000u);
    }
    if (whole < -150) {
        return 0.0f;
    }
    uint64_t f = (uint64_t)t >> 8 & 0xFFFFFFFFu; /* 32 bits behind the point */
    uint64_t p = 0xDBu;                          /* (ln 2)^k / k! with 31 bits behind the point, k = 9, 8, ... */
    p = (p * f >> 32) + 0xB16u;
    p = (p * f >> 32) + 0x7FF3u;
    p = (p * f >> 32) + 0x50C24u;
    p = (p * f >> 32) + 0x2BB100u;
    p = (p * f >> 32) + 0x13B2AB7u;
    p = (p * f >> 32) + 0x71AC236u;
    p = (p * f >> 32) + 0x1EBFBE00u;
    p = (p * f >> 32) + 0x58B90BFCu;
    p = (p * f >> 32) + 0x80000000u;
    int32_t e = (int32_t)whole + 127;
    int32_t drop = e > 0 ? 8 : 9 - e; /* a denormal result keeps fewer bits */
    uint32_t mantissa = (uint32_t)((p + ((uint64_t)1 << (drop - 1))) >> drop);
    return ts_float_of(((uint32_t)(e > 0 ? e - 1 : 0) << 23) + mantissa);
}

/* Whether a finite or infinite value other than zero, given by the bits of its magnitude, is whole: 0 no, 1 odd, 2 even. */
static inline int32_t ts_wholeness(uint32_t bits) {
    int32_t e = (int32_t)(bits >> 23);
    if (e < 127 || e > 150) {
        return e < 127 ? 0 : 2;
    }
    uint32_t m = (bits & 0x007FFFFFu) | 0x00800000u;
    uint32_t unit = (uint32_t)1 << (150 - e);
    return (m & (unit - 1u)) != 0u ? 0 : ((m & unit) != 0u ? 1 : 2);
}

/* y * log2(x), 40 bits behind the point, for finite x above zero other than 1 and finite y other than zero. */
static inline int64_t ts_exponent(uint32_t x, float y) {
    int64_t l = ts_log2_fixed(x);
    uint64_t size = l < 0 ? 0u - (uint64_t)l : (uint64_t)l;
    int32_t e;
    uint64_t product = ts_mul_high((uint64_t)ts_normalised(ts_bits_of(y) & 0x7FFFFFFFu, &e) << 40, size);
    uint64_t limit = (uint64_t)200 << 40; /* far outside of what float32 holds */
    int32_t shift = e - 141;
    if (shift < 0) {
        product = shift > -64 ? product >> -shift : 0u;
    } else {
        product = shift > 47 || product > limit >> shift ? limit : product << shift;
    }
    return (l < 0) != (y < 0.0f) ? -(int64_t)product : (int64_t)product;
}

static inline float ts_pow(float x, float y) {
    uint32_t a = ts_bits_of(x) & 0x7FFFFFFFu, b = ts_bits_of(y) & 0x7FFFFFFFu;
    uint32_t one = 0x3F800000u, infinity = 0x7F800000u;
    if (b == 0u || x == 1.0f) {
        return 1.0f;
    }
    if (a > infinity || b > infinity) {
        return ts_float_of(0x7FC00000u);
    }
    if (b == infinity) {
        return a == one ? 1.0f : ts_float_of((a > one) == (y > 0.0f) ? infinity : 0u);
    }
    int32_t whole = ts_wholeness(b);
    int negative = x < 0.0f || ts_bits_of(x) == 0x80000000u;
    uint32_t sign = whole == 1 && negative ? 0x80000000u : 0u;
    if (a == 0u || a == infinity) {
        return ts_float_of(sign | ((a == 0u) == (y > 0.0f) ? 0u : infinity));
    }
    if (whole == 0 && negative) {
        return ts_float_of(0x7FC00000u);
    }
    if (a == one) {
        return ts_float_of(sign | one);
    }
    return ts_float_of(sign | ts_bits_of(ts_exp2_fixed(ts_exponent(a, y))));
}

#endif
