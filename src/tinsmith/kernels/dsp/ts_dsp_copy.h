/* Copies bytes, sixteen at a time. */
#ifndef TS_DSP_COPY_H
#define TS_DSP_COPY_H

#include "ts_dsp.h"

#if TS_DSP_ASSEMBLY
/* r0: to, r1: from, r2: bytes that are left. Loads and stores of several words want addresses that are multiples of four. */
TS_NAKED void ts_bytes_copied(TS_GIVEN uint8_t *to, TS_GIVEN const uint8_t *from, TS_GIVEN int32_t bytes) {
    __asm__(
        "push {r4-r6, lr}\n\t"
        "orr r3, r0, r1\n\t"
        "subs r2, r2, #16\n\t"
        "blt 3f\n\t"
        "lsls r3, r3, #30\n\t"
        "bne 2f\n"
        "1:\n\t"
        "ldm r1!, {r3, r4, r5, r6}\n\t"
        "stm r0!, {r3, r4, r5, r6}\n\t"
        "subs r2, r2, #16\n\t"
        "bge 1b\n\t"
        "b 3f\n"
        "2:\n\t"
        "ldr r4, [r1, #4]\n\tldr r5, [r1, #8]\n\tldr r6, [r1, #12]\n\tldr r3, [r1], #16\n\t"
        "str r4, [r0, #4]\n\tstr r5, [r0, #8]\n\tstr r6, [r0, #12]\n\tstr r3, [r0], #16\n\t"
        "subs r2, r2, #16\n\t"
        "bge 2b\n"
        "3:\n\t"
        "adds r2, r2, #12\n\t"
        "blt 5f\n"
        "4:\n\t"
        "ldr r3, [r1], #4\n\t"
        "str r3, [r0], #4\n\t"
        "subs r2, r2, #4\n\t"
        "bge 4b\n"
        "5:\n\t"
        "adds r2, r2, #4\n\t"
        "beq 7f\n"
        "6:\n\t"
        "ldrb r3, [r1], #1\n\t"
        "strb r3, [r0], #1\n\t"
        "subs r2, r2, #1\n\t"
        "bne 6b\n"
        "7:\n\t"
        "pop {r4-r6, pc}");
}
#else
static inline void ts_bytes_copied(uint8_t *to, const uint8_t *from, int32_t bytes) {
    for (int32_t i = 0; i < bytes; i++) {
        to[i] = from[i];
    }
}
#endif

#endif
