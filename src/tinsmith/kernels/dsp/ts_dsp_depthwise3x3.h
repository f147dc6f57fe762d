/* Convolution of one channel with 3 x 3 weights over a plane of int16: sums of two and of four neighbours of a line. */
#ifndef TS_DSP_DEPTHWISE3X3_H
#define TS_DSP_DEPTHWISE3X3_H

#include "ts_dsp_rows.h"

/* A channel in the table: start of sums, multiplier, then a word for each line of weights, whose upper bytes hold the shift and how
 * often weights are doubled. */
enum { ts_words_of_channel = 5 };
#ifndef TS_CHANNEL /* channel o of the table, which may be packed */
#define TS_CHANNEL(table, o) ((const ts_word *)(const void *)(table) + (o) * ts_words_of_channel)
#endif

/* Unpacked: start of sums; for each line (w0, w1) and (w1, w2); how sums become results; then bytes from a line of the plane to the next
 * that weights see, and how many results a line has; lines of results, and bytes between the first elements of neighbouring ones in the plane and
 * in the result. The assembly below knows this order and counts rows down. */
typedef struct {
    ts_word start;
    ts_word lines[6];
    ts_scaling scaling;
    int32_t gap;
    int32_t columns;
    int32_t rows;
    int32_t line;
    int32_t to_line;
} ts_channel;

static inline void ts_line_unpacked(ts_word *to, uint32_t packed) {
    uint32_t even = ts_bytes_even(packed);
    uint32_t odd = ts_bytes_odd(packed);
    uint32_t first = ts_low_low(even, odd);
    uint32_t second = ts_low_high(odd, even);
    to[0] = ts_add_halves(first, first);
    to[1] = ts_add_halves(second, second);
}

static inline void ts_unpacked3x3(ts_channel *to, const ts_word *row, int32_t zero) {
    to->start = row[0];
    ts_scaling_of(&to->scaling, (int32_t)row[1], (int32_t)(row[2] >> 24), zero);
    ts_line_unpacked(to->lines, row[2]);
    ts_line_unpacked(to->lines + 2, row[3]);
    ts_line_unpacked(to->lines + 4, row[4]);
    for (uint32_t times = row[3] >> 24; times > 1; times--) {
        for (int32_t i = 0; i < 6; i++) {
            to->lines[i] = ts_add_halves(to->lines[i], to->lines[i]);
        }
    }
}

#if TS_DSP_ASSEMBLY && !defined(TS_IN_C)
#define TS_LOAD TS_NAMED(TS_LOAD_, TS_WAY)
#define TS_LOADED TS_NAMED(TS_LOADED_, TS_WAY)
#define TS_SCALE(sum) TS_NAMED(TS_SCALE_, TS_WAY)(sum)
#define TS_NARROW(sum) TS_NAMED(TS_NARROW_, TS_WAY)(sum)
#define TS_GAP "ldr r8, [r2, #60]\n\t"

/* A line of weights to r9 and r10, and its sums: FIRST on top of the start in r7, the others on top of those in r4 to r7. Then r2 is at
 * the scaling, r1 where it was. */
#define TS_LINES(first, others) \
    "ldm r2!, {r7, r9, r10}\n\t" first \
    "add r1, r1, r8\n\tldrd r9, r10, [r2], #8\n\t" others \
    "add r1, r1, r8\n\tldrd r9, r10, [r2], #8\n\t" others \
    "sub r1, r1, r8, lsl #1\n\t"
#define TS_ONE(a) \
    "ldrd r11, r12, [r1]\n\t" \
    "smlad r4, r11, r9, " a "\n\tsmlabt r4, r12, r10, r4\n\t"
#if TS_APART == 1
#define TS_TWO(a, b) \
    "ldrd r11, r12, [r1]\n\t" \
    "smlad r4, r11, r9, " a "\n\tsmlatb r5, r11, r9, " b "\n\tsmlabt r4, r12, r10, r4\n\tsmlad r5, r12, r10, r5\n\t"
#define TS_FOUR(a, b, c, d) \
    "ldm r1, {r11, r12, lr}\n\t" \
    "smlad r4, r11, r9, " a "\n\tsmlatb r5, r11, r9, " b "\n\tsmlabt r4, r12, r10, r4\n\tsmlad r5, r12, r10, r5\n\t" \
    "smlad r6, r12, r9, " c "\n\tsmlatb r7, r12, r9, " d "\n\tsmlabt r6, lr, r10, r6\n\tsmlad r7, lr, r10, r7\n\t"
#define TS_TWO_ON "add r1, r1, #4\n\t"
#define TS_FOUR_ON "add r1, r1, #8\n\t"
#else
#define TS_TWO(a, b) \
    "ldm r1, {r11, r12, lr}\n\t" \
    "smlad r4, r11, r9, " a "\n\tsmlad r5, r12, r9, " b "\n\tsmlabt r4, r12, r10, r4\n\tsmlabt r5, lr, r10, r5\n\t"
#define TS_FOUR(a, b, c, d) \
    TS_TWO(a, b) \
    "ldrd r11, r12, [r1, #12]\n\t" \
    "smlad r6, lr, r9, " c "\n\tsmlad r7, r11, r9, " d "\n\tsmlabt r6, r11, r10, r6\n\tsmlabt r7, r12, r10, r7\n\t"
#define TS_TWO_ON "add r1, r1, #8\n\t"
#define TS_FOUR_ON "add r1, r1, #16\n\t"
#endif

/* Results of a plane. r0: to, r1: plane, r2: w, r3: how many of a line are left, r8: gap. */
TS_NAKED void ts_lines3x3(TS_GIVEN int8_t *to, TS_GIVEN const ts_word *plane, TS_GIVEN ts_channel *w) {
    __asm__(
        "push {r4-r11, lr}\n"
        "0:\n\t"
        "push {r0, r1}\n\t" TS_GAP
        "ldr r3, [r2, #64]\n\t"
        "subs r3, r3, #4\n\t"
        "blt 2f\n"
        "1:\n\t"
        TS_LINES(TS_FOUR("r7", "r7", "r7", "r7"), TS_FOUR("r4", "r5", "r6", "r7")) TS_FOUR_ON TS_LOAD
        TS_SCALE("r4") TS_SCALE("r5") TS_SCALE("r6") TS_SCALE("r7") TS_NARROW("r4") TS_NARROW("r5") TS_NARROW("r6") TS_NARROW("r7") TS_LOADED
        "sub r2, r2, #28\n\t" TS_NAMED(TS_RELOAD_, TS_WAY)
        "strb r4, [r0]\n\tstrb r5, [r0, r12]\n\tstrb r6, [r0, r12, lsl #1]\n\tadd r0, r0, r12, lsl #2\n\tstrb r7, [r0, lr]\n\t"
        "subs r3, r3, #4\n\t"
        "bge 1b\n"
        "2:\n\t"
        "lsls r3, r3, #31\n\t"
        "bcc 3f\n\t"
        TS_LINES(TS_TWO("r7", "r7"), TS_TWO("r4", "r5")) TS_TWO_ON TS_LOAD
        TS_SCALE("r4") TS_SCALE("r5") TS_NARROW("r4") TS_NARROW("r5") TS_LOADED
        "sub r2, r2, #28\n\t" TS_NAMED(TS_RELOAD_, TS_WAY)
        "strb r4, [r0]\n\tstrb r5, [r0, r12]\n\tadd r0, r0, r12, lsl #1\n"
        "3:\n\t"
        "cmp r3, #0\n\t"
        "beq 4f\n\t"
        TS_LINES(TS_ONE("r7"), TS_ONE("r4")) TS_LOAD TS_SCALE("r4") TS_NARROW("r4")
        "sub r2, r2, #28\n\tstrb r4, [r0]\n"
        "4:\n\t"
        "pop {r0, r1}\n\t"
        "ldr r3, [r2, #68]\n\tldrd r4, r5, [r2, #72]\n\t"
        "add r1, r1, r4\n\tadd r0, r0, r5\n\t"
        "subs r3, r3, #1\n\tstr r3, [r2, #68]\n\tbne 0b\n\t"
        "pop {r4-r11, pc}");
}
#else
static inline void ts_lines3x3(int8_t *to, const ts_word *plane, ts_channel *w) {
    for (int32_t n = 0; n < w->rows * w->columns; n++) {
        int32_t k = n % w->columns;
        const int16_t *line = (const int16_t *)(const void *)plane + n / w->columns * (w->line / 2) + k * TS_APART;
        int32_t sum = (int32_t)w->start;
        for (int32_t i = 0; i < 3; i++) {
            sum += line[0] * TS_LOW(w->lines[2 * i]) + line[1] * TS_HIGH(w->lines[2 * i]) + line[2] * TS_HIGH(w->lines[2 * i + 1]);
            line += w->gap / 2;
        }
        to[n / w->columns * w->to_line + k * w->scaling.step] = (int8_t)TS_NAMED(ts_result_, TS_WAY)(sum, &w->scaling);
    }
}
#endif

#endif
