/* Float32 arithmetic that is equal on every core: the same steps in the same order as the numpy reference.
 *
 * Sources: exp and log by the series of Abramowitz and Stegun, 4.2.1 and 4.1.27, after a reduction with ln 2 split in
 * two (Cody and Waite, "Software Manual for the Elementary Functions", 1980); sqrt digit by digit. */
#ifndef TS_FLOAT_H
#define TS_FLOAT_H

#include "ts_kernel.h"

/* 2^n, n -126..127. */
static inline float ts_power_of_two(int32_t n) {
    return ts_float_of((uint32_t)(n + 127) << 23);
}

/* x = m * 2^(e - 150) with m in 2^23..2^24, for finite x above zero given by its bits; returns m and sets e. */
static inline uint32_t ts_normalised(uint32_t bits, int32_t *e) {
    uint32_t m = bits & 0x007FFFFFu;
    *e = (int32_t)(bits >> 23);
    if (*e != 0) {
        return m | 0x00800000u;
    }
    *e = 1;
    while (m < 0x00800000u) {
        m <<= 1;
        *e -= 1;
    }
    return m;
}

/* x / y to nearest even in integers: long division, 24 bits and two more; what is left of the dividend breaks ties. */
static inline float ts_div_integer(float x, float y) {
    uint32_t a = ts_bits_of(x) & 0x7FFFFFFFu;
    uint32_t b = ts_bits_of(y) & 0x7FFFFFFFu;
    uint32_t sign = (ts_bits_of(x) ^ ts_bits_of(y)) & 0x80000000u;
    if (a > 0x7F800000u || b > 0x7F800000u || (a == b && (a == 0u || a == 0x7F800000u))) {
        return ts_float_of(0x7FC00000u);
    }
    if (a == 0x7F800000u || b == 0u) {
        return ts_float_of(sign | 0x7F800000u);
    }
    if (a == 0u || b == 0x7F800000u) {
        return ts_float_of(sign);
    }
    int32_t ea, eb;
    uint32_t rest = ts_normalised(a, &ea);
    uint32_t divisor = ts_normalised(b, &eb);
    if (rest < divisor) {
        rest <<= 1;
        ea -= 1;
    }
    uint32_t quotient = 0;
    for (int32_t i = 0; i < 26; i++) {
        quotient <<= 1;
        if (rest >= divisor) {
            rest -= divisor;
            quotient |= 1u;
        }
        rest <<= 1;
    }
    int32_t e = ea - eb + 127;
    if (e > 254) {
        return ts_float_of(sign | 0x7F800000u);
    }
    int32_t drop = e > 0 ? 2 : 3 - e; /* a denormal result keeps fewer bits */
    drop = drop < 27 ? drop : 27;
    uint32_t m = quotient >> drop;
    uint32_t low = quotient & (((uint32_t)1 << drop) - 1u);
    uint32_t half = (uint32_t)1 << (drop - 1);
    m += low > half || (low == half && (rest != 0u || (m & 1u) != 0u)) ? 1u : 0u;
    return ts_float_of(sign | (((uint32_t)(e > 0 ? e - 1 : 0) << 23) + m)); /* a carry goes into the exponent */
}

/* x / y to nearest even. Without an FPU in integers: a common soft-float library (LLVM's and zig's compiler-rt)
 * truncates denormal quotients. TS_NO_FPU forces that, for tests. */
static inline float ts_div(float x, float y) {
#if !defined(TS_NO_FPU) && \
    (defined(__ARM_FP) || defined(__SSE__) || defined(__aarch64__) || defined(__riscv_flen))
    return x / y;
#else
    return ts_div_integer(x, y);
#endif
}

/* e^x; relative error below 2e-7; 0 below -104, infinity from 88.73 on. */
static inline float ts_exp(float x) {
    uint32_t bits = ts_bits_of(x); /* compared as integers: without an FPU each other comparison is a function more */
    if (bits > 0xC2D00000u) {      /* below -104 */
        return bits > 0xFF800000u ? x : 0.0f;
    }
    if (bits > 0x42B20000u && bits < 0x80000000u) { /* above 89 */
        return bits > 0x7F800000u ? x : ts_float_of(0x7F800000u);
    }
    float t = ts_f32(x * 1.44269504f) + 0.5f;
    int32_t n = (int32_t)t;
    n -= t < (float)n ? 1 : 0;
    float r = x - ts_f32((float)n * 0.693359375f);
    r = r - ts_f32((float)n * -2.12194440e-4f);
    float p = 1.98412698e-4f;
    p = ts_f32(p * r) + 1.38888889e-3f;
    p = ts_f32(p * r) + 8.33333333e-3f;
    p = ts_f32(p * r) + 4.16666667e-2f;
    p = ts_f32(p * r) + 1.66666667e-1f;
    p = ts_f32(p * r) + 0.5f;
    p = ts_f32(p * r) + 1.0f;
    p = ts_f32(p * r) + 1.0f;
    int32_t half = n / 2; /* two steps: 2^n may be denormal, its halves are not */
    return ts_f32(ts_f32(p * ts_power_of_two(half)) * ts_power_of_two(n - half));
}

/* Natural logarithm; -infinity of 0, NaN below. Relative error below 3e-7 away from 1, absolute near it. */
static inline float ts_log(float x) {
    uint32_t bits = ts_bits_of(x);
    if (bits << 1 == 0u) {
        return ts_float_of(0xFF800000u);
    }
    if (bits >= 0x7F800000u) { /* infinity and NaN as they are; below zero: NaN */
        return bits > 0x80000000u && x == x ? ts_float_of(0x7FC00000u) : x;
    }
    int32_t e = -127;
    if (bits < 0x00800000u) {
        bits = ts_bits_of(ts_f32(x * 33554432.0f));
        e = -127 - 25;
    }
    e += (int32_t)(bits >> 23);
    float m = ts_float_of((bits & 0x007FFFFFu) | 0x3F800000u);
    if (m > 1.41421356f) {
        m = ts_f32(m * 0.5f);
        e += 1;
    }
    float f = m - 1.0f;
    float s = ts_f32(ts_div(f, 2.0f + f));
    float z = ts_f32(s * s);
    float p = 0.222222222f;
    p = ts_f32(p * z) + 0.285714286f;
    p = ts_f32(p * z) + 0.4f;
    p = ts_f32(p * z) + 0.666666667f;
    p = ts_f32(ts_f32(p * z) * s) + ts_f32(2.0f * s);
    p = p + ts_f32((float)e * -2.12194440e-4f);
    return p + ts_f32((float)e * 0.693359375f);
}

/* 1 / (1 + e^-x); relative error below 2e-7. The exponential is taken of -|x|, so that nothing overflows. */
static inline float ts_sigmoid(float x) {
    float e = ts_exp(x < 0.0f ? x : -x);
    return ts_div(x < 0.0f ? e : 1.0f, 1.0f + e);
}

/* Hyperbolic tangent; relative error below 2e-7. Below 1/2 by an odd polynomial through the Chebyshev nodes of the
 * function, above by (1 - e^-2v) / (1 + e^-2v). */
static inline float ts_tanh(float x) {
    float v = ts_float_of(ts_bits_of(x) & 0x7FFFFFFFu);
    if (v < 0.5f) {
        float z = ts_f32(x * x);
        float p = -6.94294181e-3f;
        p = ts_f32(p * z) + 2.14706827e-2f;
        p = ts_f32(p * z) - 5.39334677e-2f;
        p = ts_f32(p * z) + 1.33332253e-1f;
        p = ts_f32(p * z) - 3.33333313e-1f;
        return ts_f32(ts_f32(p * z) * x) + x;
    }
    float e = ts_exp(ts_f32(v * -2.0f));
    float y = ts_div(1.0f - e, 1.0f + e);
    return x < 0.0f ? -y : y;
}

/* Square root to nearest even; NaN below zero, -0 of -0. */
static inline float ts_sqrt(float x) {
    uint32_t bits = ts_bits_of(x);
    if (bits << 1 == 0u || bits == 0x7F800000u || x != x) {
        return x;
    }
    if (bits > 0x80000000u) {
        return ts_float_of(0x7FC00000u);
    }
    int32_t e;
    uint32_t m = ts_normalised(bits, &e);
    int32_t odd = e & 1;
    uint64_t rest = (uint64_t)m << (odd ? 25 : 26); /* 2^48..2^50, so that the root has 25 bits */
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 48; bit != 0; bit >>= 2) {
        if (rest >= root + bit) {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    /* The root cannot lie half way: its square would be odd. 2^24 carries into the exponent. */
    uint32_t mantissa = (uint32_t)((root + 1) >> 1);
    return ts_float_of(((uint32_t)((e + 124 + odd) / 2) << 23) + mantissa);
}

#endif
