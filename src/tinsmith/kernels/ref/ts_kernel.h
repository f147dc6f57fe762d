/* What every kernel may use: fixed-width types, the float barrier, exact rounding. No libc, no state.
 *
 * Kernels are plain C99 and are the specification: slow on purpose, bit-equal to the numpy reference. Rules:
 * - every float product (or quotient) that feeds an add or subtract goes through ts_f32(), so that no compiler
 *   contracts it to a fused multiply-add (compilers for Arm do so by default and ignore the pragma);
 * - sums run in the declared order; casts to integers clamp first; shifts of negative numbers are arithmetic.
 */
#ifndef TS_KERNEL_H
#define TS_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "ts_kernels.h"

#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || \
    defined(__NO_SIGNED_ZEROS__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ > 0)
#error "tinsmith: -ffast-math and its parts change results; compile without them"
#endif
#if defined(__FLT_EVAL_METHOD__) && (__FLT_EVAL_METHOD__ < 0 || __FLT_EVAL_METHOD__ == 1 || __FLT_EVAL_METHOD__ == 2)
#error "tinsmith: this compiler keeps floats in more than 32 bits; on x86 use -msse2 -mfpmath=sse"
#endif
#if defined(TS_EXPECT_FPU) && !defined(__ARM_FP)
#error "tinsmith: this core has an FPU, but the compiler was told of none; check -mcpu and -mfpu"
#endif

/* Rounds to float32 and hides the value from the optimiser, in the register class that costs nothing. */
static inline float ts_f32(float x) {
#if defined(__arm__) && defined(__ARM_FP)
    __asm__("" : "+t"(x));
#elif defined(__SSE__)
    __asm__("" : "+x"(x));
#elif defined(__aarch64__)
    __asm__("" : "+w"(x));
#elif defined(__riscv_flen)
    __asm__("" : "+f"(x));
#else
    __asm__("" : "+r"(x));
#endif
    return x;
}

static inline uint32_t ts_bits_of(float x) {
    union { float value; uint32_t bits; } u;
    u.value = x;
    return u.bits;
}

static inline float ts_float_of(uint32_t bits) {
    union { uint32_t bits; float value; } u;
    u.bits = bits;
    return u.value;
}

/* x where it is above zero, else +0, also for NaN. Without an FPU by its bits: those of what is below zero or NaN are above
 * infinity's. TS_NO_FPU forces that, for tests. */
static inline float ts_rectified(float x) {
#if defined(TS_NO_FPU) || (defined(__arm__) && !defined(__ARM_FP)) || (defined(__riscv) && !defined(__riscv_flen))
    return ts_bits_of(x) > 0x7F800000u ? 0.0f : x;
#else
    return x > 0.0f ? x : 0.0f;
#endif
}

/* The larger and the smaller of two values, NaN where either is. */
static inline float ts_at_least(float x, float least) {
    return x >= least || x != x ? x : least;
}

static inline float ts_at_most(float x, float most) {
    return x <= most || x != x ? x : most;
}

static inline int32_t ts_clamp(int32_t x, int32_t low, int32_t high) {
    return x < low ? low : (x > high ? high : x);
}

#endif
