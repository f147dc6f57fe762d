/* Binary64 numbers as their bits, in integers: equal on every core and free of the compiler's soft-float library.
 * Sums and quotients are rounded to nearest even (IEEE 754); operands are finite. */
#ifndef TS_DOUBLE_H
#define TS_DOUBLE_H

#include "ts_float.h"

#define TS_DOUBLE_SIGN ((uint64_t)1 << 63)
#define TS_DOUBLE_INFINITY ((uint64_t)0x7FF << 52)

/* Exponent 1..2046 and mantissa of |x|, 2^52 set where x is no denormal. */
static inline uint64_t ts_double_parts(uint64_t x, int32_t *e) {
    uint64_t m = x & (((uint64_t)1 << 52) - 1u);
    *e = (int32_t)((x >> 52) & 0x7FFu);
    if (*e == 0) {
        *e = 1;
        return m;
    }
    return m | (uint64_t)1 << 52;
}

/* m / 2^drop to nearest even; `rest` says that something non-zero lies below m. drop 1..62. */
static inline uint64_t ts_double_round(uint64_t m, int32_t drop, uint64_t rest) {
    uint64_t low = m & (((uint64_t)1 << drop) - 1u);
    uint64_t half = (uint64_t)1 << (drop - 1);
    uint64_t kept = m >> drop;
    return kept + (low > half || (low == half && (rest != 0u || (kept & 1u) != 0u)) ? 1u : 0u);
}

static inline uint64_t ts_double_add(uint64_t a, uint64_t b) {
    if ((a & ~TS_DOUBLE_SIGN) < (b & ~TS_DOUBLE_SIGN)) {
        uint64_t swap = a;
        a = b;
        b = swap;
    }
    int32_t e, eb;
    uint64_t m = ts_double_parts(a, &e) << 3; /* three bits more than are kept */
    uint64_t mb = ts_double_parts(b, &eb) << 3;
    int32_t apart = e - eb < 60 ? e - eb : 60;
    uint64_t near = mb & (((uint64_t)1 << apart) - 1u);
    mb = mb >> apart | (near != 0u ? 1u : 0u);
    uint64_t sign = a & TS_DOUBLE_SIGN;
    if (sign == (b & TS_DOUBLE_SIGN)) {
        m += mb;
        if (m >= (uint64_t)1 << 56) {
            m = m >> 1 | (m & 1u);
            e += 1;
        }
    } else {
        m -= mb;
        if (m == 0u) {
            return 0u;
        }
        while (m < ((uint64_t)1 << 55) && e > 1) {
            m <<= 1;
            e -= 1;
        }
    }
    if (e >= 2047) {
        return sign | TS_DOUBLE_INFINITY;
    }
    return sign | (((uint64_t)(e - 1) << 52) + ts_double_round(m, 3, 0u)); /* a carry goes into the exponent */
}

/* a / b for b above zero and normal: long division, 53 bits and two more. */
static inline uint64_t ts_double_div(uint64_t a, uint64_t b) {
    int32_t e, eb;
    uint64_t rest = ts_double_parts(a, &e);
    uint64_t divisor = ts_double_parts(b, &eb);
    uint64_t sign = a & TS_DOUBLE_SIGN;
    if (rest == 0u) {
        return sign;
    }
    while (rest < divisor) {
        rest <<= 1;
        e -= 1;
    }
    uint64_t quotient = 0;
    for (int32_t i = 0; i < 55; i++) {
        quotient <<= 1;
        if (rest >= divisor) {
            rest -= divisor;
            quotient |= 1u;
        }
        rest <<= 1;
    }
    e = e - eb + 1023;
    if (e >= 2047) {
        return sign | TS_DOUBLE_INFINITY;
    }
    int32_t drop = 2 + (e < 1 ? 1 - e : 0); /* a denormal result keeps fewer bits */
    drop = drop < 60 ? drop : 60;
    return sign | (((uint64_t)(e > 0 ? e - 1 : 0) << 52) + ts_double_round(quotient, drop, rest));
}

/* The nearest float32. */
static inline float ts_double_narrow(uint64_t x) {
    int32_t e;
    uint64_t m = ts_double_parts(x, &e);
    uint32_t sign = (x & TS_DOUBLE_SIGN) != 0u ? 0x80000000u : 0u;
    if (e == 2047) {
        return ts_float_of(sign | ((x << 12) != 0u ? 0x7FC00000u : 0x7F800000u));
    }
    e -= 1023 - 127;
    if (e >= 255) {
        return ts_float_of(sign | 0x7F800000u);
    }
    int32_t drop = 29 + (e < 1 ? 1 - e : 0);
    drop = drop < 60 ? drop : 60;
    return ts_float_of(sign | (((uint32_t)(e > 0 ? e - 1 : 0) << 23) + (uint32_t)ts_double_round(m, drop, 0u)));
}

#endif
