/* Channels of two places of a convolution, four at a time: dot products of packed weights with bytes, requantised.
 *
 * The table holds, for each four channels: what their sums start at; for each 16 depths 16 bytes of each channel; their
 * multipliers; their negative shifts. */
#ifndef TS_MVE_PAIR_H
#define TS_MVE_PAIR_H

#include "ts_mve.h"

typedef struct {
    int32_t depth;       /* a multiple of 16 */
    int32_t across;      /* from results of the first place to those of the second */
    int32_t blocks;      /* of four channels */
    int32_t zero, low, high;
} ts_mve_pair;

#if defined(__ARM_FEATURE_MVE)

#define TS_MVE_DEPTHS(at)                \
    "vldrb.u8 q0, [r5], #16\n"           \
    "vldrb.u8 q2, [r1, #" #at "]\n"      \
    "vmladava.s8 r0, q2, q0\n"           \
    "vldrb.u8 q3, [r3, #" #at "]\n"      \
    "vmladava.s8 r8, q3, q0\n"           \
    "vldrb.u8 q1, [r5], #16\n"           \
    "vmladava.s8 r2, q2, q1\n"           \
    "vmladava.s8 r10, q3, q1\n"          \
    "vldrb.u8 q0, [r5], #16\n"           \
    "vmladava.s8 r4, q2, q0\n"           \
    "vmladava.s8 r12, q3, q0\n"          \
    "vldrb.u8 q1, [r5], #16\n"           \
    "vmladava.s8 r6, q2, q1\n"           \
    "vmladava.s8 lr, q3, q1\n"

#if TS_MVE_ROUNDING == TS_MVE_RELU
#define TS_MVE_CLAMP "vqadd.s16 q0, q0, q7\nvqmovnb.s16 q0, q0\n"
#else
#define TS_MVE_CLAMP "vqadd.s16 q0, q0, q7\nvmax.s16 q0, q0, q4\nvmin.s16 q0, q0, q5\n"
#endif

/* p->blocks times four channels of the places that see x and x + p->depth. Eight steps of 16 depths stand one behind the
 * other; the first round begins at the one from which the rest are as many as are left over. */
TS_MVE_NAKED void ts_mve_blocks(TS_MVE_GIVEN const int8_t *x, TS_MVE_GIVEN const int32_t *table, TS_MVE_GIVEN int8_t *y,
                                TS_MVE_GIVEN const ts_mve_pair *p) {
    /* r0-r6 even, r8-lr even: sums of the places; r1, r3 x; r5 table; r7 where a block begins; r9 y; r11 where a round ends;
     * q4 low, q5 high, q6 where results go, q7 zero; sp: x of both places, end of y; of several rounds, also first step, x in
     * the last round, and r7. */
    __asm__("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
            "vpush {d8, d9, d10, d11, d12, d13, d14, d15}\n"
            "mov r9, r2\n"
            "mov r5, r1\n"
            "ldrd r4, r6, [r3]\n"
            "ldrd r2, r8, [r3, #8]\n"
            "ldrd r10, r12, [r3, #16]\n"
            "vdup.16 q4, r10\n"
            "vdup.16 q5, r12\n"
            "vdup.16 q7, r8\n"
            "movs r8, #0\n"
            "vidup.u32 q6, r8, #1\n"
            "vdup.32 q0, r6\n"
            "vadd.i32 q0, q0, q6\n"
            "vmovnt.i32 q6, q0\n"
            "add r2, r9, r2, lsl #2\n"
            "subs r6, r4, #16\n"
            "and r8, r6, #112\n"         /* depths of the first round, but 16 */
            "bic r6, r6, #127\n"         /* those of the others */
            "rsb r8, r8, #112\n"         /* skipped */
            "sub r0, r0, r8\n"
            "add r4, r4, r0\n"
            "sub sp, sp, #24\n"
            "strd r0, r4, [sp]\n"
            "str r2, [sp, #8]\n"
            "adr.w r7, 1f\n"
            "rsb r8, r8, r8, lsl #3\n"   /* a step is 56 bytes of code */
            "add r7, r7, r8, lsr #1\n"
            "orr r7, r7, #1\n"
            "adr.w r11, 2f\n"
            "mov r1, r0\n"
            "mov r3, r4\n"
            "cmp r6, #0\n"
            "beq 5f\n"
            "add r8, r0, r6\n"
            "strd r7, r8, [sp, #12]\n"
            "adr.w r7, 4f\n"
            "orr r7, r7, #1\n"
            "str r7, [sp, #20]\n"
            "adr.w r11, 3f\n"
            "5:\n"
            "orr r11, r11, #1\n"
            "0:\n"
            "ldm r5, {r8, r10, r12, lr}\n"
            "ldm r5!, {r0, r2, r4, r6}\n"
            "bx r7\n"
            ".p2align 2\n"
            "1:\n" TS_MVE_DEPTHS(0) TS_MVE_DEPTHS(16) TS_MVE_DEPTHS(32) TS_MVE_DEPTHS(48)
            TS_MVE_DEPTHS(64) TS_MVE_DEPTHS(80) TS_MVE_DEPTHS(96) TS_MVE_DEPTHS(112)
            "bx r11\n"
            ".p2align 2\n"
            "2:\n"
            "vmov q0[2], q0[0], r0, r4\n"
            "vmov q0[3], q0[1], r2, r6\n"
            "vldrw.u32 q2, [r5], #16\n" TS_MVE_TIMES("q0", "q2")
            "vmov q1[2], q1[0], r8, r12\n"
            "vmov q1[3], q1[1], r10, lr\n"
            TS_MVE_TIMES("q1", "q2") TS_MVE_AWAY("q0", "q2") TS_MVE_AWAY("q1", "q2")
            "vldrw.u32 q3, [r5], #16\n"
            "ldr r0, [sp, #8]\n"
            "vrshl.s32 q0, q0, q3\n"
            "vrshl.s32 q1, q1, q3\n"
            "vqmovnb.s32 q0, q0\n"
            "vqmovnt.s32 q0, q1\n" TS_MVE_CLAMP
            "vstrb.16 q0, [r9, q6]\n"
            "adds r9, r9, #4\n"
            "cmp r9, r0\n"
            "bne 0b\n"
            "add sp, sp, #24\n"
            "vpop {d8, d9, d10, d11, d12, d13, d14, d15}\n"
            "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n"
            ".p2align 2\n"
            "3:\n"
            "ldrd r7, r11, [sp, #16]\n"
            "cmp r1, r7\n"
            "mov r7, r11\n"
            "adr.w r11, 3b\n"
            "orr r11, r11, #1\n"
            "beq 2b\n"
            "adds r1, #128\n"
            "adds r3, #128\n"
            "b 1b\n"
            ".p2align 2\n"
            "4:\n"
            "ldrd r1, r3, [sp]\n"
            "ldr pc, [sp, #12]\n");
}

#else

static void ts_mve_blocks(const int8_t *x, const int32_t *table, int8_t *y, const ts_mve_pair *p) {
    for (int32_t o = 0; o < p->blocks * 4; o++) {
        const int32_t *block = table + (o >> 2) * (12 + p->depth) + (o & 3);
        const int32_t *factors = block + 4 + p->depth;
        const int8_t *w = (const int8_t *)(block - (o & 3) + 4) + (o & 3) * 16;
        for (int32_t place = 0; place < 2; place++) {
            uint32_t sum = (uint32_t)block[0];
            for (int32_t k = 0; k < p->depth; k++) {
                sum += (uint32_t)((int32_t)x[place * p->depth + k] * w[(k >> 4) * 64 + (k & 15)]);
            }
            int32_t scaled = ts_mve_scaled((int32_t)sum, factors[0], factors[4]);
            y[place * p->across + o] = (int8_t)ts_clamp(scaled + p->zero, p->low, p->high);
        }
    }
}

#endif

/* ``out`` channels of both places. */
static inline void ts_mve_places(const int8_t *x, const int32_t *table, int8_t *y, const ts_mve_pair *p, int32_t out) {
    if (p->blocks) {
        ts_mve_blocks(x, table, y, p);
    }
    int32_t from = p->blocks * 4;
    if (from < out) {
        int8_t some[8]; /* four channels of both places, where not all of them are wanted */
        ts_mve_pair last = {p->depth, 4, 1, p->zero, p->low, p->high};
        ts_mve_blocks(x, table + p->blocks * (12 + p->depth), some, &last);
        for (int32_t o = 0; from + o < out; o++) {
            y[from + o] = some[o];
            y[p->across + from + o] = some[4 + o];
        }
    }
}

#endif
