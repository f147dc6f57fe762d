/* Sums of int16 values times int8 weights, two columns and two rows of weights at a time. Weights lie four places of a row by
 * four of the other, places 0, 2, 1, 3: SXTB16 makes pairs of neighbours of them. A sum that is told as int64 fits int32. */
#ifndef TS_WIDE_H
#define TS_WIDE_H

#include "ts_kernel.h"

#if defined(__clang__)
#define TS_WIDE_NAKED __attribute__((naked, noinline)) /* nothing may be assumed of it but the calling convention */
#else
#define TS_WIDE_NAKED __attribute__((naked, noipa))
#endif
#define TS_WIDE_GIVEN __attribute__((unused)) /* a parameter that only assembler reads */

/* pairs: of rows, 1 or more; fours: places / 4; bias [pairs][2]; y and z [pairs][2] are the results of the first and of the
 * second column. It is used up. */
typedef struct {
    int32_t fours;
    const int32_t *bias;
    int64_t *y, *z;
    int32_t pairs;
} ts_wide_task;

#if defined(__thumb2__) && defined(__ARM_FEATURE_DSP)

#define TS_WIDE_ROW(first, second) \
    "ldr r12, [r2], #4\n sxtb16 lr, r12\n smlad " #first ", r8, lr, " #first "\n smlad " #second ", r10, lr, " #second "\n" \
    "sxtb16 lr, r12, ror #8\n smlad " #first ", r9, lr, " #first "\n smlad " #second ", r11, lr, " #second "\n"
#define TS_WIDE_PLACES \
    "ldrd r8, r9, [r0], #8\n ldrd r10, r11, [r1], #8\n" TS_WIDE_ROW(r4, r6) TS_WIDE_ROW(r5, r7)

/* The results of the columns x and z, which are aligned to words. */
TS_WIDE_NAKED static void ts_wide_two(
    const int16_t *x TS_WIDE_GIVEN, const int16_t *z TS_WIDE_GIVEN, const int8_t *w TS_WIDE_GIVEN,
    ts_wide_task *task TS_WIDE_GIVEN) {
    __asm__(".syntax unified\n push {r0, r1, r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
            "1: ldr r3, [sp, #8]\n ldrd r0, r1, [sp]\n"
            "ldr r12, [r3, #4]\n ldrd r4, r5, [r12], #8\n str r12, [r3, #4]\n ldr r3, [r3]\n mov r6, r4\n mov r7, r5\n"
            "tst r3, #1\n beq 2f\n" TS_WIDE_PLACES
            "2: lsrs r3, r3, #1\n beq 4f\n"
            "3:\n" TS_WIDE_PLACES TS_WIDE_PLACES "subs r3, #1\n bne 3b\n"
            "4: ldr r3, [sp, #8]\n ldrd r0, r1, [r3, #8]\n"
            "mov r10, r7\n asr r11, r7, #31\n mov r8, r6\n asr r9, r6, #31\n"
            "mov r6, r5\n asr r7, r5, #31\n asr r5, r4, #31\n"
            "stmia r0!, {r4, r5, r6, r7}\n stmia r1!, {r8, r9, r10, r11}\n strd r0, r1, [r3, #8]\n"
            "ldr r12, [r3, #16]\n subs r12, #1\n str r12, [r3, #16]\n bne 1b\n"
            "pop {r0, r1, r3, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

#else

static inline int32_t ts_wide_four(const int16_t *x, const int8_t *w) {
    return x[0] * w[0] + x[1] * w[2] + x[2] * w[1] + x[3] * w[3];
}

/* The results of the columns x and z. */
static inline void ts_wide_two(const int16_t *x, const int16_t *z, const int8_t *w, ts_wide_task *task) {
    for (int32_t o = 0; o < 2 * task->pairs; o++) {
        const int8_t *row = w + o / 2 * 8 * task->fours + o % 2 * 4;
        int32_t first = task->bias[o];
        int32_t second = first;
        for (int32_t k = 0; k < task->fours; k++) {
            first += ts_wide_four(x + 4 * k, row + 8 * k);
            second += ts_wide_four(z + 4 * k, row + 8 * k);
        }
        task->y[o] = first;
        task->z[o] = second;
    }
}

#endif

#endif
