/* What a convolution sees of x at two places of its result, as int16 and in the order in which weights are packed: the
 * kernel's rows (with dilation along x: its places) are runs of bytes; of every run whole words of four bytes, each as
 * (0, 2) and (1, 3), then the bytes that are left over of all runs, filled up with zeros. Words of the two places lie
 * alternately. */
#ifndef TS_DSP_PATCH_H
#define TS_DSP_PATCH_H

#include "ts_dsp.h"

/* Runs of bytes, in assembly by place: whole words of each, so many runs in a line, bytes from the end of one to the next, of which
 * ``rest`` belong to the run; where these go; lines of runs, bytes from behind one to the next; how far the second place's rest is from
 * the first one's; how many words of them follow at the end, from ``spare`` on. */
typedef struct {
    int32_t words, runs, apart, rest;
    int8_t *next;
    int32_t lines, below, spare_bytes, spare_words;
    int8_t *spare;
} ts_dsp_runs_of;

/* Runs of x at two places, so many bytes from each other. */
#if TS_DSP_ASSEMBLY
#define TS_WIDENED                                                                                   \
    "ldr r7, [r0, r8]\n"                                                                             \
    "ldr r5, [r0], #4\n"                                                                             \
    "sxtb16 r4, r5\n"                                                                                \
    "sxtb16 r6, r5, ror #8\n"                                                                        \
    "sxtb16 r5, r7\n"                                                                                \
    "sxtb16 r7, r7, ror #8\n"                                                                        \
    "stm r1!, {r4, r5, r6, r7}\n"
TS_NAKED void ts_dsp_runs(
    TS_GIVEN const int8_t *from, TS_GIVEN uint32_t *to, TS_GIVEN int32_t second, TS_GIVEN const ts_dsp_runs_of *runs) {
    __asm__("push {r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
            "mov r8, r2\n"
            "ldm r3, {r2, r3, r9, r10, r11, lr}\n"
            "1:\n"
            "lsrs r12, r2, #1\n"
            "bcc 2f\n"
            TS_WIDENED
            "cmp r12, #0\n"
            "2:\n"
            "beq 4f\n"
            "3:\n" TS_WIDENED TS_WIDENED
            "subs r12, r12, #1\n"
            "bne 3b\n"
            "4:\n"
            "movs r12, r10\n"
            "beq 6f\n"
            "ldr r5, [sp]\n"
            "ldr r5, [r5, #28]\n"
            "5:\n"
            "ldrb r6, [r0, r8]\n"
            "ldrb r4, [r0], #1\n"
            "strb r6, [r11, r5]\n"
            "strb r4, [r11], #1\n"
            "subs r12, r12, #1\n"
            "bne 5b\n"
            "6:\n"
            "add r0, r0, r9\n"
            "subs r3, r3, #1\n"
            "bne 1b\n"
            "ldr r4, [sp]\n"
            "subs lr, lr, #1\n"
            "beq 9f\n"
            "ldr r3, [r4, #4]\n"
            "ldr r4, [r4, #24]\n"
            "add r0, r0, r4\n"
            "b 1b\n"
            "9:\n"
            "ldr r12, [r4, #32]\n"
            "cmp r12, #0\n"
            "beq 8f\n"
            "ldr r0, [r4, #36]\n"
            "ldr r8, [r4, #28]\n"
            "7:\n" TS_WIDENED
            "subs r12, r12, #1\n"
            "bne 7b\n"
            "8:\n"
            "pop {r3, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}
#else
static uint32_t *ts_dsp_both(const int8_t *first, const int8_t *second, uint32_t *to, int32_t words) {
    for (; words > 0; words--, first += 4, second += 4, to += 4) {
        to[0] = ts_dsp_bytes(ts_dsp_word(first), 0);
        to[1] = ts_dsp_bytes(ts_dsp_word(second), 0);
        to[2] = ts_dsp_bytes(ts_dsp_word(first), 1);
        to[3] = ts_dsp_bytes(ts_dsp_word(second), 1);
    }
    return to;
}

static void ts_dsp_runs(const int8_t *from, uint32_t *to, int32_t second, const ts_dsp_runs_of *runs) {
    int8_t *next = runs->next;
    for (int32_t n = 0; n < runs->lines * runs->runs; n++, from += runs->apart) {
        from += n > 0 && n % runs->runs == 0 ? runs->below : 0;
        to = ts_dsp_both(from, from + second, to, runs->words);
        from += 4 * runs->words;
        for (int32_t i = 0; i < runs->rest; i++, from++, next++) {
            next[0] = *from;
            next[runs->spare_bytes] = from[second];
        }
    }
    ts_dsp_both(runs->spare, runs->spare + runs->spare_bytes, to, runs->spare_words);
}
#endif

/* Copies bytes forwards. */
#if TS_DSP_ASSEMBLY
TS_NAKED void ts_dsp_copy(TS_GIVEN int8_t *to, TS_GIVEN const int8_t *from, TS_GIVEN int32_t bytes) {
    __asm__("push {r4, r5, r6, lr}\n"
            "subs r2, r2, #16\n"
            "blt 2f\n"
            "1:\n"
            "ldr r3, [r1], #4\n"
            "ldr r4, [r1], #4\n"
            "ldr r5, [r1], #4\n"
            "ldr r6, [r1], #4\n"
            "str r3, [r0], #4\n"
            "str r4, [r0], #4\n"
            "str r5, [r0], #4\n"
            "str r6, [r0], #4\n"
            "subs r2, r2, #16\n"
            "bge 1b\n"
            "2:\n"
            "adds r2, r2, #16\n"
            "beq 4f\n"
            "3:\n"
            "ldrb r3, [r1], #1\n"
            "strb r3, [r0], #1\n"
            "subs r2, r2, #1\n"
            "bne 3b\n"
            "4:\n"
            "pop {r4, r5, r6, pc}\n");
}

/* A value so many times; where it ends. */
TS_NAKED int8_t *ts_dsp_fill(TS_GIVEN int8_t *to, TS_GIVEN int32_t value, TS_GIVEN int32_t bytes) {
    __asm__("1:\n"
            "subs r2, r2, #1\n"
            "it ge\n"
            "strbge r1, [r0], #1\n"
            "bgt 1b\n"
            "bx lr\n");
}
#else
static void ts_dsp_copy(int8_t *to, const int8_t *from, int32_t bytes) {
    for (int32_t i = 0; i < bytes; i++) {
        to[i] = from[i];
    }
}

static int8_t *ts_dsp_fill(int8_t *to, int32_t value, int32_t bytes) {
    for (int32_t i = 0; i < bytes; i++) {
        *to++ = (int8_t)value;
    }
    return to;
}
#endif

/* Rows of x with their borders, which hold its zero point: of all rows that a row of the result needs. */
typedef struct {
    const int8_t *x;
    int32_t height, row_bytes;          /* of x */
    int32_t before, inside, bytes, zero; /* bytes of a row of the band: in front of x, of x, all; what lies outside x */
    int8_t *band;
    int32_t rows, first; /* first: row of x that the band begins with */
} ts_dsp_band;

/* Lets the band begin with another row, further down; what it holds of its rows remains. */
static TS_DSP_ALONE void ts_dsp_scroll(ts_dsp_band *b, int32_t first) {
    int8_t *to = b->band;
    int32_t kept = b->rows - (first - b->first);
    kept = kept > 0 ? kept : 0;
    ts_dsp_copy(to, to + (b->rows - kept) * b->bytes, kept * b->bytes);
    to += kept * b->bytes;
    b->first = first;
    for (int32_t y = first + kept; y < first + b->rows; y++) {
        int32_t inside = y >= 0 && y < b->height ? b->inside : 0;
        to = ts_dsp_fill(to, b->zero, b->before);
        ts_dsp_copy(to, b->x + y * b->row_bytes, inside);
        to = ts_dsp_fill(to + inside, b->zero, b->bytes - b->before - inside);
    }
}

#endif
