/* Logistic function and hyperbolic tangent of int16 in fixed point. A number in Q(i) is a raw value over 2^(15 - i), held
 * in int32.
 *
 * Source: gemmlowp, fixedpoint/fixedpoint.h (exp_on_negative_values, logistic, tanh), with 16 bits. */
#ifndef TS_GATES_H
#define TS_GATES_H

#include "ts_fixed_exp.h"

/* Q(a) times Q(b) in Q(a + b), to the nearest, halves upwards. */
static inline int32_t ts_times16(int32_t a, int32_t b) {
    return (a * b + (1 << 14)) >> 15;
}

/* e^x in Q(0) of x < 0 in Q(bits), bits 1..7. A series around -1/8 for the part of x in [-1/4, 0), times e^(-2^k) for
 * each binary digit k of the rest. */
static inline int32_t ts_exp16(int32_t x, int32_t bits) {
    static const int16_t powers[7] = {25520, 19875, 12055, 4435, 600, 11, 0};
    if (x < -(1 << (20 - bits))) { /* -32, beyond those digits */
        return 0;
    }
    int32_t quarter = 1 << (13 - bits);
    int32_t low = (x & (quarter - 1)) - quarter;
    int32_t a = low * (1 << bits) + (1 << 12);
    int32_t square = ts_times16(a, a);
    int32_t fourth = ts_times16(square, square);
    int32_t terms = ts_times16(ts_halved(fourth, 2) + ts_times16(square, a), 10923) + square;
    int32_t result = ts_clamp(28918 + ts_times16(a + ts_halved(terms, 1), 28918), 0, 32767);
    int32_t rest = (low - x) >> (13 - bits);
    for (int32_t k = 0; k < 7 && k < bits + 2; k++) {
        result = ((rest >> k) & 1) != 0 ? ts_times16(result, powers[k]) : result;
    }
    return result;
}

/* 1 / (1 + e) in Q(1) of e in Q(0), 0 or above: three steps of Newton's method from 48/17 - 32/17 * d for 1 / d in Q(2), d
 * half the denominator. */
static inline int32_t ts_reciprocal16(int32_t e) {
    int32_t d = (e + 32768) >> 1;
    int32_t y = 23130 + ts_times16(d, -15420);
    for (int32_t i = 0; i < 3; i++) {
        y += ts_times16(y, (1 << 13) - ts_times16(d, y)) * 4;
    }
    return y;
}

/* 1 / (1 + e^-x) in Q(0) of x in Q(3). */
static inline int32_t ts_logistic16(int32_t x) {
    if (x == 0) {
        return 1 << 14;
    }
    int32_t y = ts_clamp(ts_reciprocal16(ts_exp16(x < 0 ? x : -x, 3)) * 2, 0, 32767);
    return x < 0 ? 32767 - y : y;
}

/* tanh x in Q(0) of x in Q(bits), bits 0..6. */
static inline int32_t ts_tanh16(int32_t x, int32_t bits) {
    if (x == 0) {
        return 0;
    }
    int32_t y = ts_clamp((ts_reciprocal16(ts_exp16(x < 0 ? x : -x, bits + 1)) - (1 << 13)) * 4, -32768, 32767);
    return x < 0 ? -y : y;
}

#endif
