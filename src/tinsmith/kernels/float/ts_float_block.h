/* What the float32 kernels of cores with an FPU share. Every sum starts at its bias and runs in the declared order, every
 * product is rounded before it is added; what is gained is that many sums are made side by side. Arm's part is in assembler
 * from end to end: no compiler keeps all registers in use, and none can contract a product and a sum. */
#ifndef TS_FLOAT_BLOCK_H
#define TS_FLOAT_BLOCK_H

#include "ts_float.h"

#if defined(__thumb2__) && defined(__ARM_FP)
#define TS_FLOAT_ASSEMBLER 1
#else
#define TS_FLOAT_ASSEMBLER 0
#endif
#if defined(__clang__)
#define TS_FLOAT_NAKED __attribute__((naked, noinline)) /* nothing may be assumed of it but the calling convention */
#else
#define TS_FLOAT_NAKED __attribute__((naked, noipa))
#endif
#define TS_FLOAT_GIVEN __attribute__((unused)) /* a parameter that only assembler reads */

/* What follows a layer: 0 nothing, 1 a rectifier (+0 also for NaN), 2 a lower and an upper bound (NaN stays). */
static inline void ts_float_finish(float *y, int32_t n, int32_t follows, float least, float most) {
    const float *end = y + n;
    for (; follows == 1 && y != end; y++) {
        uint32_t bits = ts_bits_of(*y);
        *y = ts_float_of(bits > 0x7F800000u ? 0u : bits); /* below zero or NaN */
    }
    for (; follows == 2 && y != end; y++) {
        *y = ts_at_most(ts_at_least(*y, least), most);
    }
}

#endif
