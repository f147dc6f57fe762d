/* What a convolution sees of x at two places of its result, as int16 and in the order in which weights are packed: the
 * kernel's rows (with dilation along x: its places) are runs of bytes; of every run whole words of four bytes, each as
 * (0, 2) and (1, 3), then the bytes that are left over of all runs, filled up with zeros. Words of the two places lie
 * alternately. Places outside x hold its zero point.
 *
 * Where a row may hang over the border in the middle of a word, the rows of x that a row of the result needs are first
 * copied into a band with its borders. */
#ifndef TS_DSP_PATCH_H
#define TS_DSP_PATCH_H

#include "ts_dsp.h"

typedef struct {
    const int8_t *picture; /* of the place */
    int32_t height, width, channels, rows, columns, kernel_y, kernel_x, stride_y, stride_x, dilation_y, dilation_x, top, left;
    int32_t x_zero, band_width;
    int8_t *band, *spare;             /* spare: bytes left over, of two places */
    int32_t words, rest, spare_bytes; /* of a run; of a place */
    int32_t row, column;              /* the place */
    int32_t safe, safe_end;           /* columns of the result whose runs do not hang over the border */
    /* Of the current row, for those columns: its runs in x, words above and below, where the first run of column 0 is. */
    int32_t runs, above, below, stride;
    const int8_t *line;
} ts_dsp_patch;

/* Runs of x at two places, ``apart`` bytes from each other: whole words to ``to``, and ``rest`` bytes of each to ``spare``, of
 * the second place spare_bytes behind; they follow the words at the end. Runs begin ``stride`` bytes from each other. */
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
    TS_GIVEN const int8_t *from, TS_GIVEN uint32_t *to, TS_GIVEN int32_t words, TS_GIVEN int32_t runs,
    TS_GIVEN int32_t apart, TS_GIVEN int32_t stride, TS_GIVEN int32_t rest, TS_GIVEN int8_t *spare,
    TS_GIVEN int32_t spare_bytes) {
    __asm__("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
            "ldrd r8, r9, [sp, #36]\n"
            "ldrd r10, r11, [sp, #44]\n"
            "sub r9, r9, r2, lsl #2\n"
            "sub r9, r9, r10\n"
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
            "ldr r5, [sp, #52]\n"
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
            "ldrd r0, r8, [sp, #48]\n"
            "movs r12, r8\n"
            "beq 8f\n"
            "7:\n" TS_WIDENED
            "subs r12, r12, #4\n"
            "bne 7b\n"
            "8:\n"
            "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
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

static void ts_dsp_runs(
    const int8_t *from, uint32_t *to, int32_t words, int32_t runs, int32_t apart, int32_t stride, int32_t rest,
    int8_t *spare, int32_t spare_bytes) {
    int8_t *next = spare;
    for (int32_t n = 0; n < runs; n++, from += stride) {
        to = ts_dsp_both(from, from + apart, to, words);
        for (int32_t i = 4 * words; i < 4 * words + rest; i++, next++) {
            next[0] = from[i];
            next[spare_bytes] = from[i + apart];
        }
    }
    ts_dsp_both(spare, spare + spare_bytes, to, spare_bytes >> 2);
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
#else
static void ts_dsp_copy(int8_t *to, const int8_t *from, int32_t bytes) {
    for (int32_t i = 0; i < bytes; i++) {
        to[i] = from[i];
    }
}
#endif

static int8_t *ts_dsp_border(const ts_dsp_patch *p, int8_t *to, int32_t bytes) {
    for (; bytes > 0; bytes--) {
        *to++ = (int8_t)p->x_zero;
    }
    return to;
}

/* The rows of x below the current row of the result, with their borders. */
static void ts_dsp_fill_band(const ts_dsp_patch *p) {
    int32_t y = p->row * p->stride_y - p->top, bytes = p->band_width * p->channels, before = p->left * p->channels;
    int32_t inside = p->width * p->channels < bytes - before ? p->width * p->channels : bytes - before;
    int8_t *to = p->band;
    int32_t kept = p->row > 0 && p->dilation_y == 1 && p->stride_y < p->kernel_y ? p->kernel_y - p->stride_y : 0;
    if (kept) {
        ts_dsp_copy(to, to + p->stride_y * bytes, kept * bytes);
        to += kept * bytes;
        y += kept;
    }
    for (int32_t k = kept; k < p->kernel_y; k++, y += p->dilation_y) {
        if (y < 0 || y >= p->height) {
            to = ts_dsp_border(p, to, bytes);
        } else {
            to = ts_dsp_border(p, to, before);
            ts_dsp_copy(to, p->picture + y * p->width * p->channels, inside);
            to = ts_dsp_border(p, to + inside, bytes - before - inside);
        }
    }
}

/* What holds for all columns of the current row. */
static void ts_dsp_begin_row(ts_dsp_patch *p) {
    p->runs = p->kernel_y;
    p->above = p->below = 0;
    if (p->band_width) {
        ts_dsp_fill_band(p);
        p->line = p->band;
        p->stride = p->band_width * p->channels;
        return;
    }
    int32_t y = p->row * p->stride_y - p->top, before = y < 0 ? -y : 0;
    int32_t end = p->height - y < p->kernel_y ? p->height - y : p->kernel_y;
    before = before < end ? before : (end = p->kernel_y);
    p->runs = end - before;
    p->above = before * p->words;
    p->below = (p->kernel_y - end) * p->words;
    p->stride = p->width * p->channels;
    p->line = p->picture + (y + before) * p->stride - p->left * p->channels;
}

/* Before the first place. */
static void ts_dsp_begin(ts_dsp_patch *p) {
    int32_t width = p->band_width ? p->band_width : p->width, left = p->band_width ? 0 : p->left;
    for (int32_t i = 0; i < 2 * p->spare_bytes; i++) {
        p->spare[i] = 0;
    }
    if (p->dilation_x == 1 && (p->band_width || p->dilation_y == 1)) {
        while (p->safe * p->stride_x < left) {
            p->safe++;
        }
        while (p->safe_end < p->columns && p->safe_end * p->stride_x - left + p->kernel_x <= width) {
            p->safe_end++;
        }
    }
    ts_dsp_begin_row(p);
}

/* One place alone: its words, every other of ``to``. */
static uint32_t *ts_dsp_widen(const int8_t *from, uint32_t *to, int32_t words) {
    for (; words > 0; words--, from += 4, to += 4) {
        uint32_t word = ts_dsp_word(from);
        to[0] = ts_dsp_bytes(word, 0);
        to[2] = ts_dsp_bytes(word, 1);
    }
    return to;
}

static uint32_t *ts_dsp_outside(const ts_dsp_patch *p, uint32_t *to, int32_t words) {
    uint32_t pair = (uint32_t)(uint16_t)p->x_zero * 0x10001u;
    for (; words > 0; words--, to += 4) {
        to[0] = pair;
        to[2] = pair;
    }
    return to;
}

/* A run of which the first ``before`` places and those from ``end`` on lie outside x; whole words do, or all of it. */
static uint32_t *ts_dsp_run(
    const ts_dsp_patch *p, const int8_t *from, uint32_t *to, int8_t **spare, int32_t before, int32_t end) {
    int32_t channels = p->channels, bytes = 4 * p->words + p->rest;
    if (before >= end) {
        before = end = bytes;
    } else {
        before *= channels;
        end = end * channels < bytes ? end * channels : bytes;
    }
    to = ts_dsp_outside(p, to, before >> 2);
    to = ts_dsp_widen(from + before, to, (end >> 2) - (before >> 2));
    to = ts_dsp_outside(p, to, p->words - (end >> 2));
    for (int32_t i = 4 * p->words; i < bytes; i++) {
        *(*spare)++ = before >= bytes ? (int8_t)p->x_zero : from[i];
    }
    return to;
}

static void ts_dsp_take_one(const ts_dsp_patch *p, uint32_t *to, int8_t *spare) {
    int32_t left = p->left, y = p->row * p->stride_y - p->top, step_y = p->dilation_y, width = p->width, height = p->height;
    const int8_t *picture = p->picture;
    int8_t *rest = spare;
    if (p->band_width) {
        left = y = 0;
        step_y = 1;
        width = p->band_width;
        height = p->kernel_y;
        picture = p->band;
    }
    int32_t x = p->column * p->stride_x - left, each = p->dilation_x == 1 ? p->kernel_x : 1;
    for (int32_t k = 0; k < p->kernel_y; k++, y += step_y) {
        for (int32_t i = 0; i < p->kernel_x; i += each) {
            int32_t at = x + i * p->dilation_x;
            int32_t before = at < 0 ? -at : 0, end = width - at < each ? width - at : each;
            end = y < 0 || y >= height ? 0 : end;
            to = ts_dsp_run(p, picture + (y * width + at) * p->channels, to, &rest, before, end);
        }
    }
    ts_dsp_widen(spare, to, p->spare_bytes >> 2);
}

/* To the next place. */
static inline void ts_dsp_step(ts_dsp_patch *p) {
    if (++p->column < p->columns) {
        return;
    }
    p->column = 0;
    if (++p->row == p->rows) {
        p->row = 0;
        p->picture += p->height * p->width * p->channels;
    }
    ts_dsp_begin_row(p);
}

/* The current place and one so many columns further, of which no run hangs over the border. */
static inline void ts_dsp_take_both(const ts_dsp_patch *p, uint32_t *to, int32_t columns) {
    int32_t step = p->stride_x * p->channels;
    if (p->above) {
        ts_dsp_outside(p, to, p->above);
        to = ts_dsp_outside(p, to + 1, p->above) - 1;
    }
    if (p->runs) {
        ts_dsp_runs(
            p->line + p->column * step, to, p->words, p->runs, columns * step, p->stride, p->rest, p->spare, p->spare_bytes);
        to += 4 * p->words * p->runs;
    }
    if (p->below) {
        ts_dsp_outside(p, to, p->below);
        ts_dsp_outside(p, to + 1, p->below);
    }
}

/* The next two places, or the last one twice. */
static void ts_dsp_take(ts_dsp_patch *p, uint32_t *to, int32_t two) {
    if (p->column >= p->safe && p->column < p->safe_end) {
        int32_t both = two && p->column + 1 < p->safe_end ? 1 : 0;
        ts_dsp_take_both(p, to, both);
        if (both) {
            p->column++;
        } else if (two) {
            ts_dsp_step(p);
            ts_dsp_take_one(p, to + 1, p->spare + p->spare_bytes);
        }
    } else {
        ts_dsp_take_one(p, to, p->spare);
        if (two) {
            ts_dsp_step(p);
        }
        ts_dsp_take_one(p, to + 1, p->spare + p->spare_bytes);
    }
    ts_dsp_step(p);
}

#endif
