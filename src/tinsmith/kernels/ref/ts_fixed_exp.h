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

/* e^x in Q(0) of x <= 0 in Q(5); 2^31 - 1 of 0. A series around -1/8 for the part of x in [-1/4, 0), times e^(-2^k) for
 * each binary digit k of the rest. What is halved is never negative. */
static inline int32_t ts_exp_fixed(int32_t x) {
    static const int32_t powers[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    int32_t low = (int32_t)((uint32_t)x & 0x00FFFFFFu) - 0x01000000;
    int32_t a = low * 32 + 0x10000000;
    int32_t square = ts_times(a, a);
    int32_t fourth = ts_times(square, square);
    int32_t terms = ts_times(((fourth + 2) >> 2) + ts_times(square, a), 715827883) + square;
    int32_t result = 1895147668 + ts_times(1895147668, a + ((terms + 1) >> 1));
    uint32_t rest = (uint32_t)(low - x);
    for (int32_t k = 0; k < 7; k++) {
        result += (ts_times(result, powers[k]) - result) & ts_negative((int32_t)(rest << (7 - k)));
    }
    int32_t below = ts_negative(x);
    return (result & below) | (INT32_MAX & ~below);
}

/* r in Q(0) of [1/2, 1) with 1 / total = r * 2^-bits, total in Q(12) from 1 on. Three steps of Newton's method from
 * 48/17 - 32/17 * x. */
static inline int32_t ts_reciprocal_fixed(int32_t total, int32_t *bits) {
    uint32_t x = (uint32_t)total;
    *bits = 12;
    for (int32_t k = 16; k > 0; k >>= 1) {
        int32_t moved = k & ts_negative((int32_t)(x >> (32 - k)) - 1);
        x <<= moved;
        *bits -= moved;
    }
    int32_t half = (int32_t)(x >> 1);
    int32_t y = 1515870810 + ts_times(half, -1010580540);
    for (int32_t i = 0; i < 3; i++) {
        y += ts_times(y, 0x20000000 - ts_times(half, y)) * 4;
    }
    int32_t most = ts_negative(0x3FFFFFFF - y);
    return (int32_t)((uint32_t)y << 1 & ~(uint32_t)most) | (INT32_MAX & most);
}

#endif
