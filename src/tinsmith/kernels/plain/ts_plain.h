/* What the portable integer kernels share: sums of products modulo 2^32, and requantisation in 32 bits.
 *
 * A sum is brought to int8 by clamp(round(sum * factor) + zero), factor = m * 2^(-31 - n), 0 <= m < 2^31, n 1..31. It is
 *     h = floor((sum * m + e) / 2^31), then floor((h + (h < 0 ? s : 0) + 2^(n-1)) / 2^n)
 * with e = 2^30, s = -1 for two roundings (the second: halves away from zero) and e = 0, s = 0 for one (halves upwards).
 * Sources: those of ts_fixed.h; floor(floor(a / b) / c) = floor(a / (b * c)). No branch and no count of instructions
 * depends on a value. */
#ifndef TS_PLAIN_H
#define TS_PLAIN_H

#include "ts_kernel.h"

#if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__)
#define TS_PLAIN_FEW_REGISTERS 1 /* eight, and no product of more than 32 bits */
#else
#define TS_PLAIN_FEW_REGISTERS 0
#endif

/* A function by itself: inside of another, its loop would share registers with all that surrounds it. */
#define TS_PLAIN_ALONE __attribute__((noinline))

/* A function in assembler from end to end: a compiler for size does without half of the registers. Nothing may be assumed
 * of it but the calling convention. */
#if defined(__clang__)
#define TS_PLAIN_NAKED __attribute__((naked, noinline))
#else
#define TS_PLAIN_NAKED __attribute__((naked, noipa))
#endif
#define TS_PLAIN_GIVEN __attribute__((unused)) /* a parameter that only assembler reads */

/* How sums of a layer become its results: twice is 2^31 or 0 (2 * e), sign is -1 or 0 (s), base is 1 + 2 * (zero - low),
 * span is high - low. */
typedef struct {
    uint32_t twice;
    int32_t sign, base, span, high;
} ts_plain_result;

/* floor((x * m + e) / 2^31); |x| < 2^28. */
static inline int32_t ts_plain_high(int32_t x, int32_t m, uint32_t twice) {
#if TS_PLAIN_FEW_REGISTERS
    int32_t m0 = (int32_t)((uint32_t)m & 0xFFFFu);
    int32_t m1 = m >> 16;
    int32_t x0 = (int32_t)((uint32_t)x & 0x3FFFu);
    int32_t x1 = x >> 14;
    int32_t carry = (int32_t)(((uint32_t)x0 * (uint32_t)m0 + (twice >> 1)) >> 14);
    carry = (x1 * m0 + carry) >> 2;
    carry = (x0 * m1 + carry) >> 14;
    return (x1 * m1 + carry) >> 1;
#else
    int64_t product = (int64_t)(x * 2) * m;
    return (int32_t)(product >> 32) + (int32_t)(((uint32_t)product & twice) >> 31);
#endif
}

/* All ones where x is negative; hidden from the optimiser, which would make it a branch. */
static inline int32_t ts_plain_negative(int32_t x) {
    int32_t mask = x >> 31;
    __asm__("" : "+r"(mask));
    return mask;
}

/* row: bias (the caller's), m, n - 1. */
static inline int8_t ts_plain_requantised(int32_t x, int32_t m, int32_t bits, ts_plain_result to) {
    int32_t h = ts_plain_high(x, m, to.twice);
    h += ts_plain_negative(h) & to.sign;
    int32_t above = ((h >> bits) + to.base) >> 1;
    above &= ~ts_plain_negative(above);
    int32_t below = to.span - above;
    below &= ~ts_plain_negative(below);
    return (int8_t)(to.high - below);
}

/* Of a column. */
static inline int32_t ts_plain_sum(const int8_t *x, int32_t depth) {
    int32_t sum = 0;
    const int8_t *end = x + (depth & ~3);
    for (; x != end; x += 4) {
        sum += x[0] + x[1] + x[2] + x[3];
    }
    for (end = x + (depth & 3); x != end; x++) {
        sum += *x;
    }
    return sum;
}

#endif
