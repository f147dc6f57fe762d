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

#if TS_FLOAT_ASSEMBLER

#define TS_FLOAT_RECTIFIED(x) "cmp " #x ", r12\n it hi\n movhi " #x ", #0\n"

/* The rectifier of so many eights of x, to y, by their bits: those above infinity's are below zero or NaN. */
TS_FLOAT_NAKED static void ts_float_rectified_eights(
    const float *x TS_FLOAT_GIVEN, float *y TS_FLOAT_GIVEN, int32_t eights TS_FLOAT_GIVEN) {
    __asm__(".syntax unified\n push {r4, r5, r6, r7, r8, r9, r10, lr}\n mov r12, #0x7F800000\n cmp r2, #0\n beq 2f\n"
            "1: ldmia r0!, {r3, r4, r5, r6, r7, r8, r9, r10}\n"
            TS_FLOAT_RECTIFIED(r3) TS_FLOAT_RECTIFIED(r4) TS_FLOAT_RECTIFIED(r5) TS_FLOAT_RECTIFIED(r6)
            TS_FLOAT_RECTIFIED(r7) TS_FLOAT_RECTIFIED(r8) TS_FLOAT_RECTIFIED(r9) TS_FLOAT_RECTIFIED(r10)
            "stmia r1!, {r3, r4, r5, r6, r7, r8, r9, r10}\n subs r2, #1\n bne 1b\n"
            "2: pop {r4, r5, r6, r7, r8, r9, r10, pc}\n");
}

#endif

/* y = x where x > 0, else +0, also for NaN; y may be x. */
static inline void ts_float_rectified(const float *x, float *y, int32_t n) {
    int32_t i = 0;
#if TS_FLOAT_ASSEMBLER
    i = n / 8 * 8;
    ts_float_rectified_eights(x, y, n / 8);
#endif
    for (; i < n; i++) {
        y[i] = x[i] > 0.0f ? x[i] : 0.0f;
    }
}

/* What follows a layer: 0 nothing, 1 a rectifier (+0 also for NaN), 2 a lower and an upper bound (NaN stays). */
static inline void ts_float_finish(float *y, int32_t n, int32_t follows, float least, float most) {
    if (follows == 1) {
        ts_float_rectified(y, y, n);
    }
    for (int32_t i = 0; i < n && follows == 2; i++) {
        y[i] = ts_at_most(ts_at_least(y[i], least), most);
    }
}

#endif
