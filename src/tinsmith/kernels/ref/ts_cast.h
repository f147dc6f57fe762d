/* Conversions between the types of tensors, in integers, so that they are equal on every core.
 *
 * Integers to narrower ones drop the upper bits (ISO/IEC 9899:1999, 6.3.1.3, as every compiler here defines it); to
 * float32 they are rounded to nearest even; float32 to integers drop the fraction, NaN becomes 0 and what lies outside
 * the nearest end; to bool everything but zero is 1. */
#ifndef TS_CAST_H
#define TS_CAST_H

#include "ts_float.h"

enum { TS_FLOAT32, TS_INT8, TS_UINT8, TS_INT16, TS_INT32, TS_INT64, TS_BOOL };

/* float32 next to an integer, ties to even. */
static inline float ts_float_of_int64(int64_t value) {
    uint64_t m = value < 0 ? 0u - (uint64_t)value : (uint64_t)value;
    if (m == 0u) {
        return 0.0f;
    }
    int32_t e = 190; /* the magnitude is (m >> 40) * 2^(e - 150) */
    while (m < (uint64_t)1 << 63) {
        m <<= 1;
        e -= 1;
    }
    uint64_t low = m & 0xFFFFFFFFFFu, half = (uint64_t)1 << 39;
    uint32_t mantissa = (uint32_t)(m >> 40);
    mantissa += low > half || (low == half && (mantissa & 1u) != 0u) ? 1u : 0u;
    uint32_t bits = ((uint32_t)(e - 1) << 23) + mantissa; /* the mantissa's 2^23 carries into the exponent */
    return ts_float_of((value < 0 ? 0x80000000u : 0u) | bits);
}

/* The whole part of x; NaN becomes 0, what int64 cannot hold the nearest end. */
static inline int64_t ts_int64_of(float x) {
    uint32_t bits = ts_bits_of(x);
    float v = ts_float_of(bits & 0x7FFFFFFFu);
    if (!(v >= 1.0f)) {
        return 0;
    }
    if (v >= 9223372036854775808.0f) {
        return bits >> 31 != 0u ? -INT64_MAX - 1 : INT64_MAX;
    }
    int32_t e = (int32_t)((bits >> 23) & 255u);
    int64_t m = (int64_t)((bits & 0x007FFFFFu) | 0x00800000u);
    int64_t magnitude = e < 150 ? m >> (150 - e) : m << (e - 150);
    return bits >> 31 != 0u ? -magnitude : magnitude;
}

/* Stores an integer as element i of y, of the given type. */
static inline void ts_store_integer(void *y, int32_t i, int32_t target, int64_t value) {
    switch (target) {
    case TS_FLOAT32:
        ((float *)y)[i] = ts_float_of_int64(value);
        break;
    case TS_INT8:
        ((int8_t *)y)[i] = (int8_t)value;
        break;
    case TS_UINT8:
        ((uint8_t *)y)[i] = (uint8_t)value;
        break;
    case TS_INT16:
        ((int16_t *)y)[i] = (int16_t)value;
        break;
    case TS_INT32:
        ((int32_t *)y)[i] = (int32_t)value;
        break;
    case TS_INT64:
        ((int64_t *)y)[i] = value;
        break;
    default:
        ((uint8_t *)y)[i] = value != 0 ? 1u : 0u;
        break;
    }
}

/* Stores a float32 as element i of y, of the given type. */
static inline void ts_store_float(void *y, int32_t i, int32_t target, float x) {
    if (target == TS_FLOAT32) {
        ((float *)y)[i] = x;
        return;
    }
    if (target == TS_BOOL) {
        ((uint8_t *)y)[i] = x != 0.0f ? 1u : 0u;
        return;
    }
    int64_t value = ts_int64_of(x);
    if (target != TS_INT64) {
        int64_t high = target == TS_INT8 ? 127 : target == TS_UINT8 ? 255 : target == TS_INT16 ? 32767 : INT32_MAX;
        int64_t low = target == TS_INT8 ? -128 : target == TS_UINT8 ? 0 : -high - 1;
        value = value < low ? low : (value > high ? high : value);
    }
    ts_store_integer(y, i, target, value);
}

#endif
