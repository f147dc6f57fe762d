/* e^x and 1 / x in fixed point. A number in Q(i) is an int32 raw value over 2^(31 - i).
 *
 * Sources: gemmlowp, fixedpoint/fixedpoint.h (exp_on_negative_values, one_over_one_plus_x_for_x_in_0_1). */
#ifndef TS_FIXED_EXP_H
#define TS_FIXED_EXP_H

#include "ts_fixed.h"

/* value / 2^times to the nearest, halves away from zero; times 0..35. */
static inline int32_t ts_halved(int32_t value, int32_t times) {
    int64_t mask = ((int64_t)1 << times) - 1;
    int64_t threshold = (mask >> 1) + (value < 0 ? 1 : 0);
    return (int32_t)((int64_t)value >> times) + (((int64_t)value & mask) > threshold ? 1 : 0);
}

/* All ones where x is negative; x and result are hidden from the optimiser, which would make branches of both. */
static inline int32_t ts_negative(int32_t x) {
    __asm__("" : "+r"(x));
    int32_t mask = x >> 31;
    __asm__("" : "+r"(mask));
    return mask;
}

/* Q(a) times Q(b) in Q(a + b), to the nearest, halves upwards; not of -2^31 times itself. */
static inline int32_t ts_times(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
}

/* Keeps a compiler from unrolling a loop where a product is one instruction: it would be four times as large and not faster. */
#if defined(__thumb2__)
#define TS_ROLLED(count) __asm__("" : "+r"(count))
#else
#define TS_ROLLED(count)
#endif

/* The same with twice b, which takes fewer instructions. */
static inline int32_t ts_times_half(int32_t a, int32_t twice) {
    return (int32_t)(((int64_t)a * twice + ((int64_t)1 << 31)) >> 32);
}

/* The same of numbers that are not negative. */
static inline int32_t ts_times_positive(int32_t a, int32_t b) {
    return (int32_t)(((uint64_t)(2 * (uint32_t)a) * (uint32_t)b + ((uint64_t)1 << 31)) >> 32);
}

/* e^x in Q(0) of x <= 0 in Q(5); 2^31 - 1 of 0. A series around -1/8 for the part of x in [-1/4, 0), times e^(-2^k) for
 * each binary digit k of the rest. What is halved is never negative. */
static inline int32_t ts_exp_fixed(int32_t x) {
    static const int32_t powers[7] = {242, 720401, 39332535, 290630308, 790015084, 1302514674, 1672461947};
    int32_t low = (int32_t)((uint32_t)x & 0x00FFFFFFu) - 0x01000000;
    int32_t a = low * 32 + 0x10000000;
    int32_t square = ts_times_half(a, 2 * a);
    int32_t fourth = ts_times_half(square, 2 * square);
    int32_t terms = ts_times_half(((fourth + 2) >> 2) + ts_times_half(a, 2 * square), 2 * 715827883) + square;
    int32_t result = 1895147668 + ts_times_half(1895147668, 2 * a + ((terms + 1) >> 1) * 2);
    uint32_t rest = (uint32_t)(low - x) << 1;
    for (int32_t k = 6; k >= 0; k--) {
        TS_ROLLED(k);
        result += (ts_times_positive(result, powers[k]) - result) & ts_negative((int32_t)(rest << k));
    }
    int32_t below = ts_negative(x);
    return (result & below) | (INT32_MAX & ~below);
}

/* Of a number that is not 0. */
static inline int32_t ts_leading_zeros(uint32_t x) {
#if defined(__ARM_FEATURE_CLZ)
    return __builtin_clz(x);
#else
    int32_t zeros = 0;
    for (int32_t k = 16; k > 0; k >>= 1) {
        int32_t moved = k & ts_negative((int32_t)(x >> (32 - k)) - 1);
        x <<= moved;
        zeros += moved;
    }
    return zeros;
#endif
}

/* r in Q(0) of [1/2, 1) with 1 / total = r * 2^-bits, total in Q(12) from 1 on. Three steps of Newton's method from
 * 48/17 - 32/17 * x. */
static inline int32_t ts_reciprocal_fixed(int32_t total, int32_t *bits) {
    int32_t zeros = ts_leading_zeros((uint32_t)total);
    int32_t half = (int32_t)((uint32_t)total << zeros >> 1);
    *bits = 12 - zeros;
    int32_t y = 1515870810 + ts_times_half(half, -2 * 1010580540);
    for (int32_t i = 3; i > 0; i--) {
        TS_ROLLED(i);
        y += ts_times_half(y, 2 * (0x20000000 - ts_times_positive(half, y))) * 4;
    }
    int32_t most = ts_negative(0x3FFFFFFF - y);
    return (int32_t)((uint32_t)y << 1 & ~(uint32_t)most) | (INT32_MAX & most);
}

#endif
