/* What kernels for cores with the M-profile Vector Extension share: copies, dot products of four rows, requantisation of
 * four sums. Each in vectors, and in plain C for other processors, where the same kernels must give the same bytes.
 *
 * Sums are taken modulo 2^32; the tables' author has made sure that all true sums fit int32. Requantisation, with a
 * multiplier m and a right shift n >= 2 (`codegen/sets/_requantise.py`): double: (s * 2m + 2^31) >> 32, less 1 where that is
 * negative, then shifted right by n, halves up; single: (s * m) >> 32, shifted right by n - 1, halves up. */
#ifndef TS_MVE_H
#define TS_MVE_H

#include "ts_kernel.h"

#if defined(__ARM_FEATURE_MVE)
#include <arm_mve.h>
#endif

#if defined(__clang__)
#define TS_MVE_INLINE static inline __attribute__((always_inline))
#else
#define TS_MVE_INLINE static inline __attribute__((always_inline, unused))
#endif

#if defined(__GNUC__)
#define TS_MVE_APART static __attribute__((noinline)) /* keeps its caller's variables in registers */
#else
#define TS_MVE_APART static
#endif

/* How the including kernel rounds: twice, once, or twice where no result is below the zero point: then it does not matter
 * how negative sums are rounded. The last is the same with the zero point -128 and all values of int8 as results. */
#define TS_MVE_DOUBLE 0
#define TS_MVE_SINGLE 1
#define TS_MVE_POSITIVE 2
#define TS_MVE_RELU 3
#if !defined(TS_MVE_ROUNDING)
#error "TS_MVE_ROUNDING says how sums are rounded"
#endif

#if defined(__ARM_FEATURE_MVE)

#if defined(__clang__)
#define TS_MVE_NAKED static __attribute__((naked, noinline))
#else
#define TS_MVE_NAKED static __attribute__((naked, noipa))
#endif
#define TS_MVE_GIVEN __attribute__((unused))

/* In assembly: product of sums with multipliers, then its sign taken off where that counts; ``s`` is free to use. */
#if TS_MVE_ROUNDING == TS_MVE_SINGLE
#define TS_MVE_TIMES(q, m) "vmulh.s32 " q ", " q ", " m "\n"
#else
#define TS_MVE_TIMES(q, m) "vqrdmulh.s32 " q ", " q ", " m "\n"
#endif
#if TS_MVE_ROUNDING == TS_MVE_DOUBLE
#define TS_MVE_AWAY(q, s) "vshr.s32 " s ", " q ", #31\nvadd.i32 " q ", " q ", " s "\n"
#else
#define TS_MVE_AWAY(q, s)
#endif

TS_MVE_INLINE void ts_mve_copy(int8_t *to, const int8_t *from, int32_t count) {
    for (; count > 0; count -= 16) {
        mve_pred16_t some = vctp8q((uint32_t)count);
        vstrbq_p_s8(to, vldrbq_z_s8(from, some), some);
        to += 16;
        from += 16;
    }
}

TS_MVE_INLINE void ts_mve_fill(int8_t *to, int32_t value, int32_t count) {
    int8x16_t all = vdupq_n_s8((int8_t)value);
    for (; count > 0; count -= 16) {
        vstrbq_p_s8(to, all, vctp8q((uint32_t)count));
        to += 16;
    }
}

TS_MVE_INLINE int32x4_t ts_mve_scaled(int32x4_t sums, const int32_t *multiplier, const int32_t *shift) {
    int32x4_t m = vldrwq_s32(multiplier);
    int32x4_t s = vldrwq_s32(shift);
    if (TS_MVE_ROUNDING == TS_MVE_SINGLE) {
        return vrshlq_s32(vmulhq_s32(sums, m), s);
    }
    int32x4_t high = vqrdmulhq_s32(sums, m);
    if (TS_MVE_ROUNDING == TS_MVE_DOUBLE) {
        high = vaddq_s32(high, vshrq_n_s32(high, 31));
    }
    return vrshlq_s32(high, s);
}

#else

TS_MVE_INLINE void ts_mve_copy(int8_t *to, const int8_t *from, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        to[i] = from[i];
    }
}

TS_MVE_INLINE void ts_mve_fill(int8_t *to, int32_t value, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        to[i] = (int8_t)value;
    }
}

TS_MVE_INLINE int32_t ts_mve_scaled(int32_t sum, int32_t multiplier, int32_t shift) {
    int64_t product = (int64_t)sum * multiplier;
    int64_t high = TS_MVE_ROUNDING == TS_MVE_SINGLE ? product >> 32 : (product + ((int64_t)1 << 30)) >> 31;
    int32_t right = -shift;
    high -= TS_MVE_ROUNDING == TS_MVE_DOUBLE && high < 0 ? 1 : 0;
    return (int32_t)((high + ((int64_t)1 << (right - 1))) >> right);
}

#endif

#endif
