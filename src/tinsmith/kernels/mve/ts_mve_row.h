/* One row of a fully connected layer: dot products of packed weights with bytes, requantised.
 *
 * The table holds, for each eight channels (in the order 0, 2, 4, 6, 1, 3, 5, 7): what their sums start at; of each the
 * weights of the last depth % 16 depths; for each 16 of the other depths 16 bytes of each. Channels that are left over
 * follow in fours (the last perhaps less), each as 16 bytes of each in turn, then the other depths of each. A vector may be
 * read over the end of the table by up to 63 bytes.
 *
 * Factors: of each eight channels, or once where all have the same, multipliers and negative shifts in that order; then, of
 * each four that are left over, what sums start at, multipliers, negative shifts. */
#ifndef TS_MVE_ROW_H
#define TS_MVE_ROW_H

#include "ts_mve.h"

typedef struct {
    int32_t depth, blocks; /* of eight channels */
    const int32_t *factors;
    int32_t step; /* from factors of eight channels to the next: 64 bytes, or 0 */
    int32_t zero, low, high;
} ts_mve_row;

#if defined(__ARM_FEATURE_MVE)

#define TS_MVE_WHOLE(sum, q) "vldrb.u8 " q ", [r5], #16\nvmladava.s8 " sum ", q2, " q "\n"
#define TS_MVE_REST(sum, q) "vldrb.u8 " q ", [r5]\nadd r5, r5, r9\nvmladava.s8 " sum ", q2, " q "\n"
#define TS_MVE_EIGHT(part)                                                             \
    part("r0", "q0") part("r2", "q1") part("r4", "q0") part("r6", "q1") part("r8", "q0") \
    part("r10", "q1") part("r12", "q0") part("lr", "q1")
#define TS_MVE_STEP "vldrb.u8 q2, [r1], #16\n" TS_MVE_EIGHT(TS_MVE_WHOLE)

/* p->blocks times eight channels. Four steps of 16 depths stand one behind the other; the first round begins at the one from
 * which the rest are as many as are left over. */
TS_MVE_NAKED void ts_mve_eights(TS_MVE_GIVEN const int8_t *x, TS_MVE_GIVEN const int32_t *table, TS_MVE_GIVEN int8_t *y,
                                TS_MVE_GIVEN const ts_mve_row *p) {
    /* r0-r6 even, r8-lr even: sums; r1 x; r3 y; r5 table; r7 where a block begins; r9 depth % 16; r11 end of whole vectors
     * of x; q4 low, q5 high, q7 zero; sp: x, first step, factors, from factors to the next, end of y. */
    __asm__("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
            "vpush {d8, d9, d10, d11, d12, d13, d14, d15}\n"
            "sub sp, sp, #20\n"
            "mov r5, r1\n"
            "ldrd r4, r6, [r3]\n"
            "ldrd r8, r10, [r3, #8]\n"
            "ldrd r12, lr, [r3, #16]\n"
            "ldr r9, [r3, #24]\n"
            "vdup.16 q7, r12\n"
            "vdup.16 q4, lr\n"
            "vdup.16 q5, r9\n"
            "mov r3, r2\n"
            "add r6, r2, r6, lsl #3\n"
            "and r9, r4, #15\n"
            "bic r4, r4, #15\n"
            "vctp.8 r9\n"
            "add r11, r0, r4\n"
            "strd r8, r10, [sp, #8]\n"
            "str r6, [sp, #16]\n"
            "rsb r7, r4, #0\n"
            "and r7, r7, #48\n"          /* 16 for each step that is skipped, which has 68 bytes of code */
            "lsrs r6, r7, #2\n"
            "add r6, r6, r7, lsl #2\n"
            "adr.w r7, 1f\n"
            "add r7, r7, r6\n"
            "cmp r4, #0\n"
            "bne 5f\n"
            "adr.w r7, 2f\n"
            "5:\n"
            "orr r7, r7, #1\n"
            "strd r0, r7, [sp]\n"
            "cmp r9, #0\n"
            "beq 0f\n"
            "adr.w r7, 3f\n"
            "orr r7, r7, #1\n"
            "0:\n"
            "ldm r5!, {r0, r2, r4, r6}\n"
            "ldm r5!, {r8, r10, r12, lr}\n"
            "ldr r1, [sp]\n"
            "bx r7\n"
            ".p2align 2\n"
            "3:\n"
            "vpst\n"
            "vldrbt.u8 q2, [r11]\n" TS_MVE_EIGHT(TS_MVE_REST)
            "ldr pc, [sp, #4]\n"
            ".p2align 2\n"
            "1:\n" TS_MVE_STEP TS_MVE_STEP TS_MVE_STEP TS_MVE_STEP
            "cmp r1, r11\n"
            "bne 1b\n"
            ".p2align 2\n"
            "2:\n"
            "vmov q0[2], q0[0], r0, r4\n"
            "vmov q0[3], q0[1], r2, r6\n"
            "ldrd r0, r2, [sp, #8]\n"
            "vldrw.u32 q2, [r0]\n" TS_MVE_TIMES("q0", "q2")
            "vldrw.u32 q3, [r0, #16]\n"
            "vmov q1[2], q1[0], r8, r12\n"
            "vmov q1[3], q1[1], r10, lr\n" TS_MVE_TIMES("q1", "q3") TS_MVE_AWAY("q0", "q2") TS_MVE_AWAY("q1", "q3")
            "vldrw.u32 q2, [r0, #32]\n"
            "vrshl.s32 q0, q0, q2\n"
            "vldrw.u32 q3, [r0, #48]\n"
            "vrshl.s32 q1, q1, q3\n"
            "add r0, r0, r2\n"
            "ldr r2, [sp, #16]\n"
            "str r0, [sp, #8]\n"
            "vqmovnb.s32 q0, q0\n"
            "vqmovnt.s32 q0, q1\n"
            "vqadd.s16 q0, q0, q7\n"
            "vmax.s16 q0, q0, q4\n"
            "vmin.s16 q0, q0, q5\n"
            "vstrb.16 q0, [r3], #8\n"
            "cmp r3, r2\n"
            "bne 0b\n"
            "add sp, sp, #20\n"
            "vpop {d8, d9, d10, d11, d12, d13, d14, d15}\n"
            "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

/* Up to four channels that are left over. */
TS_MVE_INLINE void ts_mve_few(const int8_t *x, const int8_t *w, const int32_t *factors, int8_t *y, const ts_mve_row *p,
                              int32_t out) {
    int32_t sums[4] = {0, 0, 0, 0}, bytes = 16;
    for (int32_t left = p->depth; left > 0; left -= 16) {
        int8x16_t some = vldrbq_z_s8(x, vctp8q((uint32_t)left));
        bytes = left < 16 ? left : 16;
        sums[0] = vmladavaq_s8(sums[0], some, vldrbq_s8(w));
        sums[1] = vmladavaq_s8(sums[1], some, vldrbq_s8(w + bytes));
        sums[2] = vmladavaq_s8(sums[2], some, vldrbq_s8(w + 2 * bytes));
        sums[3] = vmladavaq_s8(sums[3], some, vldrbq_s8(w + 3 * bytes));
        w += out * bytes;
        x += 16;
    }
    int32x4_t all = {sums[0], sums[1], sums[2], sums[3]};
    all = ts_mve_scaled(vaddq_s32(all, vldrwq_s32(factors)), factors + 4, factors + 8);
    all = vaddq_n_s32(all, p->zero);
    all = vminq_s32(vmaxq_s32(all, vdupq_n_s32(p->low)), vdupq_n_s32(p->high));
    vstrbq_p_s32(y, all, vctp32q((uint32_t)out));
}

#else

static void ts_mve_eights(const int8_t *x, const int32_t *table, int8_t *y, const ts_mve_row *p) {
    int32_t rest = p->depth & 15;
    for (int32_t o = 0; o < p->blocks * 8; o++) {
        int32_t lane = (o & 1) * 4 + ((o & 7) >> 1);
        const int32_t *block = table + (o >> 3) * (8 + 2 * p->depth);
        const int32_t *own = p->factors + (o >> 3) * (p->step >> 2) + lane;
        const int8_t *w = (const int8_t *)(block + 8);
        uint32_t sum = (uint32_t)block[lane];
        for (int32_t k = 0; k < p->depth; k++) {
            int32_t whole = p->depth - rest;
            int32_t at = k < whole ? rest * 8 + (k >> 4) * 128 + lane * 16 + (k & 15) : lane * rest + k - whole;
            sum += (uint32_t)((int32_t)x[k] * w[at]);
        }
        y[o] = (int8_t)ts_clamp(ts_mve_scaled((int32_t)sum, own[0], own[8]) + p->zero, p->low, p->high);
    }
}

static void ts_mve_few(const int8_t *x, const int8_t *w, const int32_t *factors, int8_t *y, const ts_mve_row *p,
                       int32_t out) {
    for (int32_t o = 0; o < out; o++) {
        uint32_t sum = (uint32_t)factors[o];
        for (int32_t k = 0; k < p->depth; k++) {
            int32_t bytes = p->depth - (k & ~15) < 16 ? p->depth & 15 : 16;
            sum += (uint32_t)((int32_t)x[k] * w[(k & ~15) * out + o * bytes + (k & 15)]);
        }
        int32_t scaled = ts_mve_scaled((int32_t)sum, factors[4 + o], factors[8 + o]);
        y[o] = (int8_t)ts_clamp(scaled + p->zero, p->low, p->high);
    }
}

#endif

/* All channels of one row. */
static inline void ts_mve_all(const int8_t *x, const int32_t *table, int8_t *y, const ts_mve_row *p, int32_t out) {
    if (p->blocks) {
        ts_mve_eights(x, table, y, p);
    }
    int32_t done = p->blocks * 8;
    const int8_t *w = (const int8_t *)(table + p->blocks * (8 + 2 * p->depth));
    const int32_t *factors = p->factors + (p->blocks ? (p->step >> 2) * (p->blocks - 1) + 16 : 0);
    for (; done < out; done += 4) {
        int32_t some = out - done < 4 ? out - done : 4;
        ts_mve_few(x, w, factors, y + done, p, some);
        w += some * p->depth;
        factors += 12;
    }
}

#endif
