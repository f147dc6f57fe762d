/* What a convolution sees of x at two places of its result, as int16 and in the order in which weights are packed: the
 * kernel's rows (with dilation along x: its places) are runs of bytes; of every run whole words of four bytes, each as
 * (0, 2) and (1, 3), then the bytes that are left over of all runs, filled up with zeros. Words of the two places lie
 * alternately. Places outside x hold its zero point. */
#ifndef TS_DSP_PATCH_H
#define TS_DSP_PATCH_H

#include "ts_dsp.h"

typedef struct {
    const int8_t *picture; /* of the place */
    int32_t height, width, channels, rows, columns, kernel_y, kernel_x, stride_y, stride_x, dilation_y, dilation_x, top, left;
    int32_t x_zero;
    int32_t row, column; /* the place */
    int8_t *line;        /* a run that hangs over the border */
    int8_t *rest, *spare; /* left over: next byte, first byte */
    uint32_t *to;        /* next word of the place */
} ts_dsp_patch;

/* Four bytes to two words, every other of ``to``, so many times. */
#if TS_DSP_ASSEMBLY
TS_NAKED void ts_dsp_widen(TS_GIVEN const int8_t *from, TS_GIVEN uint32_t *to, TS_GIVEN int32_t words) {
    __asm__("push {r4, r5, r6, lr}\n"
            "subs r2, r2, #4\n"
            "blt 2f\n"
            "1:\n"
            "ldr r3, [r0], #4\n"
            "ldr r4, [r0], #4\n"
            "ldr r5, [r0], #4\n"
            "ldr r6, [r0], #4\n"
            "sxtb16 r12, r3\n"
            "sxtb16 r3, r3, ror #8\n"
            "str r12, [r1], #8\n"
            "str r3, [r1], #8\n"
            "sxtb16 r12, r4\n"
            "sxtb16 r4, r4, ror #8\n"
            "str r12, [r1], #8\n"
            "str r4, [r1], #8\n"
            "sxtb16 r12, r5\n"
            "sxtb16 r5, r5, ror #8\n"
            "str r12, [r1], #8\n"
            "str r5, [r1], #8\n"
            "sxtb16 r12, r6\n"
            "sxtb16 r6, r6, ror #8\n"
            "str r12, [r1], #8\n"
            "str r6, [r1], #8\n"
            "subs r2, r2, #4\n"
            "bge 1b\n"
            "2:\n"
            "adds r2, r2, #4\n"
            "beq 4f\n"
            "3:\n"
            "ldr r3, [r0], #4\n"
            "sxtb16 r12, r3\n"
            "sxtb16 r3, r3, ror #8\n"
            "str r12, [r1], #8\n"
            "str r3, [r1], #8\n"
            "subs r2, r2, #1\n"
            "bne 3b\n"
            "4:\n"
            "pop {r4, r5, r6, pc}\n");
}
#else
static void ts_dsp_widen(const int8_t *from, uint32_t *to, int32_t words) {
    for (int32_t i = 0; i < words; i++) {
        uint32_t word = ts_dsp_word(from + 4 * i);
        to[4 * i] = ts_dsp_bytes(word, 0);
        to[4 * i + 2] = ts_dsp_bytes(word, 1);
    }
}
#endif

static inline void ts_dsp_run(ts_dsp_patch *p, const int8_t *from, int32_t bytes) {
    int32_t words = bytes >> 2;
    ts_dsp_widen(from, p->to, words);
    p->to += 4 * words;
    for (int32_t i = 4 * words; i < bytes; i++) {
        *p->rest++ = from[i];
    }
}

static inline void ts_dsp_outside(ts_dsp_patch *p, int32_t bytes) {
    uint32_t pair = (uint32_t)(uint16_t)p->x_zero * 0x10001u;
    for (int32_t i = bytes >> 2; i > 0; i--) {
        p->to[0] = pair;
        p->to[2] = pair;
        p->to += 4;
    }
    for (int32_t i = bytes & 3; i > 0; i--) {
        *p->rest++ = (int8_t)p->x_zero;
    }
}

/* A row of which columns ``first`` up to ``end`` lie in x, from ``from`` on. */
static void ts_dsp_part(ts_dsp_patch *p, const int8_t *from, int32_t first, int32_t end) {
    int32_t before = first * p->channels;
    int32_t inside = (end - first) * p->channels;
    int32_t behind = (p->kernel_x - end) * p->channels;
    if ((before & 3) == 0 && ((inside & 3) == 0 || behind == 0)) {
        ts_dsp_outside(p, before);
        ts_dsp_run(p, from, inside);
        ts_dsp_outside(p, behind);
        return;
    }
    for (int32_t i = 0; i < before + inside + behind; i++) {
        p->line[i] = (int8_t)p->x_zero;
    }
    for (int32_t i = 0; i < inside; i++) {
        p->line[before + i] = from[i];
    }
    ts_dsp_run(p, p->line, before + inside + behind);
}

/* The columns of the kernel in row y of x. */
static void ts_dsp_row(ts_dsp_patch *p, int32_t y) {
    int32_t at = p->column * p->stride_x - p->left;
    const int8_t *from = p->picture + (y * p->width + at) * p->channels;
    if (p->dilation_x != 1) {
        for (int32_t k = 0; k < p->kernel_x; k++) {
            int32_t x = at + k * p->dilation_x;
            if (y < 0 || y >= p->height || x < 0 || x >= p->width) {
                ts_dsp_outside(p, p->channels);
            } else {
                ts_dsp_run(p, from + k * p->dilation_x * p->channels, p->channels);
            }
        }
        return;
    }
    int32_t first = at < 0 ? -at : 0;
    int32_t end = at + p->kernel_x > p->width ? p->width - at : p->kernel_x;
    if (y < 0 || y >= p->height || first >= end) {
        ts_dsp_outside(p, p->kernel_x * p->channels);
    } else if (first > 0 || end < p->kernel_x) {
        ts_dsp_part(p, from + first * p->channels, first, end);
    } else {
        ts_dsp_run(p, from, p->kernel_x * p->channels);
    }
}

/* The patch of the current place. */
static void ts_dsp_take(ts_dsp_patch *p, uint32_t *to) {
    int32_t y = p->row * p->stride_y - p->top;
    p->to = to;
    p->rest = p->spare;
    for (int32_t k = 0; k < p->kernel_y; k++) {
        ts_dsp_row(p, y + k * p->dilation_y);
    }
    int32_t left = (int32_t)(p->rest - p->spare);
    while (left & 3) {
        p->spare[left++] = 0;
    }
    ts_dsp_widen(p->spare, p->to, left >> 2);
}

/* To the next place. */
static void ts_dsp_step(ts_dsp_patch *p) {
    if (++p->column < p->columns) {
        return;
    }
    p->column = 0;
    if (++p->row == p->rows) {
        p->row = 0;
        p->picture += p->height * p->width * p->channels;
    }
}

#endif
