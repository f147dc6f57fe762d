/* Convolution of one channel with 3 x 3 weights over a plane of int16: sums of two and of four neighbours of a line. */
#ifndef TS_DSP_DEPTHWISE3X3_H
#define TS_DSP_DEPTHWISE3X3_H

#include "ts_dsp_rows.h"

/* A channel in the table: a word for each line of weights, whose upper bytes hold the shift (5 bits) below bits 16 to 18 of what sums start
 * at, its bits 0 to 7, and its bits 8 to 15; then the multiplier. A shift of 31 says that they hold how often weights are doubled and the
 * shift instead, and that a word follows for what sums start at, doubled as often.
 *
 * Unpacked: start of sums; for each line (w0, w1) and (w1, w2); how sums become results; then bytes from a line of the plane to the next
 * that weights see, and how many results a line has; lines of results that are left, and bytes between the first elements of
 * neighbouring ones in the plane and in the result; twice the result's zero point and 1; lines of results. The assembly below knows this
 * order. */
typedef struct {
    ts_word start;
    ts_word lines[6];
    ts_scaling scaling;
    int32_t gap;
    int32_t columns;
    int32_t left;
    int32_t line;
    int32_t to_line;
    int32_t twice_zero;
    int32_t rows;
} ts_channel;

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

/* A line of weights to where it is in r12 and the next register, doubled. */
#define TS_UNPACKED(line, next) \
    "sxtb16 " next ", " line ", ror #8\n\tsxtb16 " line ", " line "\n\t" \
    "pkhbt r12, " line ", " next ", lsl #16\n\tpkhbt " next ", " next ", " line "\n\t" \
    "sadd16 " line ", r12, r12\n\tsadd16 " next ", " next ", " next "\n\t"
#define TS_AGAIN(line) "sadd16 " line ", " line ", " line "\n\t"

/* Results of a plane by the next channel of the table; the row behind it. r0: to, r1: plane, r2: w, r3: row, then how many of a line are
 * left, r8: gap. */
TS_NAKED const ts_word *ts_lines3x3(
    TS_GIVEN int8_t *to, TS_GIVEN const ts_word *plane, TS_GIVEN ts_channel *w, TS_GIVEN const ts_word *row) {
    __asm__(
        "push {r4-r11, lr}\n\t"
        "ldm r3!, {r5, r7, r9, r11}\n\t"
        "ubfx lr, r5, #24, #5\n\t"
        "and r4, r5, #0xe0000000\n\t"
        "lsr r12, r7, #24\n\torr r4, r4, r12, lsl #13\n\t"
        "lsr r12, r9, #24\n\torr r4, r4, r12, lsl #21\n\t"
        "asr r4, r4, #12\n\t"
        TS_UNPACKED("r5", "r6") TS_UNPACKED("r7", "r8") TS_UNPACKED("r9", "r10")
        "cmp lr, #31\n\t"
        "bne 7f\n\t"
        "ldrb r12, [r3, #-9]\n\tldrb lr, [r3, #-5]\n\tldr r4, [r3], #4\n\t"
        "b 6f\n"
        "5:\n\t"
        TS_AGAIN("r5") TS_AGAIN("r6") TS_AGAIN("r7") TS_AGAIN("r8") TS_AGAIN("r9") TS_AGAIN("r10")
        "6:\n\t"
        "subs r12, r12, #1\n\t"
        "bne 5b\n"
        "7:\n\t"
        "ldr r12, [r2, #80]\n\tlsl r12, r12, lr\n\tasr r12, r12, #1\n\t"
        "stm r2, {r4-r12, lr}\n\t" TS_NAMED(TS_STORE_AWAY_, TS_WAY)
        "ldr r4, [r2, #84]\n\tstr r4, [r2, #68]\n\t"
        "push {r3}\n"
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
        "pop {r0, r4-r11, pc}");
}
#else
static inline void ts_line_unpacked(ts_word *to, uint32_t packed) {
    uint32_t even = ts_bytes_even(packed);
    uint32_t odd = ts_bytes_odd(packed);
    uint32_t first = ts_low_low(even, odd);
    uint32_t second = ts_low_high(odd, even);
    to[0] = ts_add_halves(first, first);
    to[1] = ts_add_halves(second, second);
}

/* The row behind it. */
static inline const ts_word *ts_unpacked3x3(ts_channel *to, const ts_word *row) {
    uint32_t shift = row[0] >> 24 & 31u;
    to->start = (uint32_t)((int32_t)((row[0] & 0xE0000000u) | row[1] >> 24 << 13 | row[2] >> 24 << 21) >> 12);
    for (int32_t i = 0; i < 3; i++) {
        ts_line_unpacked(to->lines + 2 * i, row[i]);
    }
    to->scaling.multiplier = (int32_t)row[3];
    row += 4;
    if (shift == 31) {
        shift = row[-2] >> 24;
        for (uint32_t times = row[-3] >> 24; times > 1; times--) {
            for (int32_t i = 0; i < 6; i++) {
                to->lines[i] = ts_add_halves(to->lines[i], to->lines[i]);
            }
        }
        to->start = *row++;
    }
    ts_scaling_of(&to->scaling, to->scaling.multiplier, (int32_t)shift, to->twice_zero >> 1);
    return row;
}

static inline const ts_word *ts_lines3x3(int8_t *to, const ts_word *plane, ts_channel *w, const ts_word *row) {
    row = ts_unpacked3x3(w, row);
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
    return row;
}
#endif

#ifndef TS_CHANNEL_LINES /* a table may be packed */
#define TS_CHANNEL_LINES ts_lines3x3
#endif

#endif
