/* Convolution of one channel with weights of any size over a plane of int16: the results of a line, four at a time. The file that includes it
 * says TS_APART, 1 where results are one element of a line apart, else 0, and TS_WAY, how sums become results (ts_dsp_rows.h). */
#ifndef TS_DSP_DEPTHWISE_H
#define TS_DSP_DEPTHWISE_H

#include "ts_dsp_rows.h"

/* How sums become results and where they start; weights as pairs of int16, unpacked; number of lines of weights, pairs in each,
 * bytes from the end of a line of the plane to where the next one begins that weights see; results of a line, bytes between the first
 * elements of neighbouring ones; lines of results, and bytes between the first elements of neighbouring ones in the plane and in the result. The
 * assembly below knows this order and counts rows down.
 *
 * Pairs are (w0, w1), (w2, w3), ...; if results are one element apart, each is followed by that of the neighbour, which begins in the middle of a
 * word: (0, w0), (w1, w2), ... */
typedef struct {
    ts_scaling scaling;
    int32_t start;
    ts_word *weights;
    int32_t lines;
    int32_t pairs;
    int32_t jump;
    int32_t columns;
    int32_t apart;
    int32_t rows;
    int32_t line;
    int32_t to_line;
} ts_taps;

/* A channel in the table: start of sums, multiplier, shift and, above 8 bits, how often weights are doubled. */
enum { ts_words_of_channel = 3 };

static inline void ts_taps_unpacked(ts_taps *to, const int32_t *row, const int8_t *weights, int32_t taps, int32_t zero) {
    int32_t doublings = row[2] >> 8;
    ts_word *pair = to->weights;
    to->start = row[0];
    ts_scaling_of(&to->scaling, row[1], row[2] & 255, zero);
    for (int32_t line = 0; line < to->lines; line++) {
        int32_t before = 0;
        for (int32_t k = 0; k < 2 * to->pairs; k += 2) {
            int32_t first = k < taps ? weights[k] * (1 << doublings) : 0;
            int32_t second = k + 1 < taps ? weights[k + 1] * (1 << doublings) : 0;
            *pair++ = ts_halves(first, second);
#if TS_APART == 1
            *pair++ = ts_halves(before, first);
#endif
            before = second;
        }
        (void)before;
        weights += taps;
    }
}

#if TS_DSP_ASSEMBLY && !defined(TS_IN_C)
#define TS_LOAD TS_NAMED(TS_LOAD_, TS_WAY)
#define TS_LOADED TS_NAMED(TS_LOADED_, TS_WAY)
#define TS_SCALE(sum) TS_NAMED(TS_SCALE_, TS_WAY)(sum)
#define TS_NARROW(sum) TS_NAMED(TS_NARROW_, TS_WAY)(sum)

/* Start of the sums of a block, weights in lr, lines in r0. */
#define TS_BLOCK "push {r0, r1, r3}\n\tldr r4, [r2, #32]\n\tldr lr, [r2, #36]\n\tldr r0, [r2, #40]\n\t"
/* All pairs of a line: sums r4 to r7 of four results; of one, in r4. */
#if TS_APART == 1
#define TS_PREPARED "ldr r8, [r2, #48]\n"
#define TS_LINE_OF_FOUR \
    "lsrs r3, r3, #1\n\tbcs 3f\n\t" \
    "ldr r9, [r1], #4\n" \
    "2:\n\t" \
    "ldr r10, [r1], #4\n\tldrd r11, r12, [lr], #8\n\t" \
    "smlad r4, r9, r11, r4\n\tsmlad r5, r9, r12, r5\n\tsmlad r6, r10, r11, r6\n\tsmlad r7, r10, r12, r7\n" \
    "4:\n\t" \
    "ldr r9, [r1], #4\n\tldrd r11, r12, [lr], #8\n\t" \
    "smlad r4, r10, r11, r4\n\tsmlad r5, r10, r12, r5\n\tsmlad r6, r9, r11, r6\n\tsmlad r7, r9, r12, r7\n\t" \
    "subs r3, r3, #1\n\tbne 2b\n\t" \
    "add r1, r1, r8\n\tb 5f\n" \
    "3:\n\t" \
    "ldr r10, [r1], #4\n\tadds r3, r3, #1\n\tb 4b\n" \
    "5:\n\t"
/* Lines of two, three and four pairs, without a loop over them. */
#define TS_PAIR(here, next) \
    "ldr " next ", [r1], #4\n\tldrd r11, r12, [lr], #8\n\t" \
    "smlad r4, " here ", r11, r4\n\tsmlad r5, " here ", r12, r5\n\tsmlad r6, " next ", r11, r6\n\tsmlad r7, " next ", r12, r7\n\t"
#define TS_UNROLLED(label, pairs) \
    label ":\n\tldr r9, [r1], #4\n\t" pairs "add r1, r1, r8\n\tsubs r0, r0, #1\n\tbne " label "b\n\tb 15f\n"
#define TS_KNOWN \
    "ldr r3, [r2, #44]\n\tcmp r3, #3\n\tbeq 13f\n\tcmp r3, #2\n\tbeq 12f\n\tcmp r3, #4\n\tbne 1f\n" \
    TS_UNROLLED("14", TS_PAIR("r9", "r10") TS_PAIR("r10", "r9") TS_PAIR("r9", "r10") TS_PAIR("r10", "r9")) \
    TS_UNROLLED("13", TS_PAIR("r9", "r10") TS_PAIR("r10", "r9") TS_PAIR("r9", "r10")) \
    TS_UNROLLED("12", TS_PAIR("r9", "r10") TS_PAIR("r10", "r9"))
#define TS_LINE_OF_ONE \
    "2:\n\tldr r9, [r1], #4\n\tldr r11, [lr], #8\n\tsmlad r4, r9, r11, r4\n\tsubs r3, r3, #1\n\tbne 2b\n\tadd r1, r1, r8\n\tadd r1, r1, #4\n\t"
#define TS_FOUR_ON "add r1, r1, #8\n\t"
#define TS_ONE_ON "add r1, r1, #2\n\t"
#else
#define TS_PREPARED "ldr r11, [r2, #56]\n\tadd r12, r11, r11, lsl #1\n"
#define TS_LINE_OF_FOUR \
    "2:\n\t" \
    "ldr r8, [lr], #4\n\tldr r9, [r1, r11]\n\tldr r10, [r1, r11, lsl #1]\n\t" \
    "smlad r5, r9, r8, r5\n\tsmlad r6, r10, r8, r6\n\t" \
    "ldr r10, [r1, r12]\n\tldr r9, [r1], #4\n\t" \
    "smlad r7, r10, r8, r7\n\tsmlad r4, r9, r8, r4\n\t" \
    "subs r3, r3, #1\n\tbne 2b\n\t" \
    "ldr r9, [r2, #48]\n\tadd r1, r1, r9\n\t"
#define TS_LINE_OF_ONE \
    "2:\n\tldr r8, [lr], #4\n\tldr r9, [r1], #4\n\tsmlad r4, r9, r8, r4\n\tsubs r3, r3, #1\n\tbne 2b\n\tldr r9, [r2, #48]\n\tadd r1, r1, r9\n\t"
/* Lines of two, three and four pairs where results are two elements apart: what one sees of the plane begins a word behind what its neighbour
 * sees. */
#define TS_PAIR(a, b, c, next) \
    "ldr " next ", [r1], #4\n\tldr r8, [lr], #4\n\t" \
    "smlad r4, " a ", r8, r4\n\tsmlad r5, " b ", r8, r5\n\tsmlad r6, " c ", r8, r6\n\tsmlad r7, " next ", r8, r7\n\t"
#define TS_UNROLLED(label, pairs) \
    label ":\n\tldm r1!, {r9, r10, r11}\n\t" pairs "add r1, r1, r3\n\tsubs r0, r0, #1\n\tbne " label "b\n\tb 15f\n"
#define TS_TWO_PAIRS TS_PAIR("r9", "r10", "r11", "r12") TS_PAIR("r10", "r11", "r12", "r9")
#define TS_KNOWN \
    "cmp r11, #4\n\tbne 1f\n\t" \
    "ldr r8, [r2, #44]\n\tldr r3, [r2, #48]\n\tsub r3, r3, #12\n\t" \
    "cmp r8, #3\n\tbeq 13f\n\tcmp r8, #2\n\tbeq 12f\n\tcmp r8, #4\n\tbne 1f\n" \
    TS_UNROLLED("14", TS_TWO_PAIRS TS_PAIR("r11", "r12", "r9", "r10") TS_PAIR("r12", "r9", "r10", "r11")) \
    TS_UNROLLED("13", TS_TWO_PAIRS TS_PAIR("r11", "r12", "r9", "r10")) \
    TS_UNROLLED("12", TS_TWO_PAIRS)
#define TS_FOUR_ON "ldr r11, [r2, #56]\n\tadd r1, r1, r11, lsl #2\n\t"
#define TS_ONE_ON "add r1, r1, r11\n\t"
#endif

/* Results of a plane. r0: to, r1: plane, r2: q, r3: how many of a line are left; the last three or two are made as four. */
TS_NAKED void ts_lines_of_taps(TS_GIVEN int8_t *to, TS_GIVEN const ts_word *plane, TS_GIVEN ts_taps *q) {
    __asm__(
        "push {r4-r11, lr}\n"
        "10:\n\t"
        "push {r0, r1}\n\t"
        "ldr r3, [r2, #52]\n\t"
        "subs r3, r3, #4\n\t"
        "blt 6f\n"
        "0:\n\t" TS_BLOCK
        "mov r5, r4\n\tmov r6, r4\n\tmov r7, r4\n\t" TS_PREPARED TS_KNOWN
        "1:\n\t"
        "ldr r3, [r2, #44]\n\t" TS_LINE_OF_FOUR
        "subs r0, r0, #1\n\t"
        "bne 1b\n"
        "15:\n\t"
        "pop {r0, r1, r3}\n\t" TS_FOUR_ON TS_LOAD
        TS_SCALE("r4") TS_SCALE("r5") TS_SCALE("r6") TS_SCALE("r7") TS_NARROW("r4") TS_NARROW("r5") TS_NARROW("r6") TS_NARROW("r7") TS_LOADED
        "cmp r3, #0\n\t"
        "blt 16f\n\t"
        "strb r4, [r0]\n\tstrb r5, [r0, r12]\n\tstrb r6, [r0, r12, lsl #1]\n\tadd r0, r0, r12, lsl #2\n\tstrb r7, [r0, lr]\n\t"
        "subs r3, r3, #4\n\t"
        "bge 0b\n"
        "6:\n\t"
        "cmn r3, #3\n\t"
        "bgt 0b\n\t"
        "adds r3, r3, #4\n\t"
        "beq 9f\n"
        "7:\n\t" TS_BLOCK TS_PREPARED
        "8:\n\t"
        "ldr r3, [r2, #44]\n" TS_LINE_OF_ONE
        "subs r0, r0, #1\n\t"
        "bne 8b\n\t"
        "pop {r0, r1, r3}\n\t" TS_ONE_ON TS_LOAD TS_SCALE("r4") TS_NARROW("r4")
        "strb r4, [r0]\n\tadd r0, r0, r12\n\t"
        "subs r3, r3, #1\n\t"
        "bne 7b\n\t"
        "b 9f\n"
        "16:\n\t"
        "strb r4, [r0]\n\tstrb r5, [r0, r12]\n\t"
        "cmn r3, #1\n\t"
        "bne 9f\n\t"
        "strb r6, [r0, r12, lsl #1]\n"
        "9:\n\t"
        "pop {r0, r1}\n\t"
        "ldr r3, [r2, #60]\n\tldrd r4, r5, [r2, #64]\n\t"
        "add r1, r1, r4\n\tadd r0, r0, r5\n\t"
        "subs r3, r3, #1\n\tstr r3, [r2, #60]\n\tbne 10b\n\t"
        "pop {r4-r11, pc}");
}
#else
static inline void ts_lines_of_taps(int8_t *to, const ts_word *plane, ts_taps *q) {
    for (int32_t n = 0; n < q->rows * q->columns; n++) {
        int32_t k = n % q->columns;
        const int16_t *x = (const int16_t *)(const void *)plane + n / q->columns * (q->line / 2) + k * q->apart / 2;
        const ts_word *w = q->weights;
        int32_t sum = q->start;
        for (int32_t line = 0; line < q->lines; line++) {
            for (int32_t pair = 0; pair < q->pairs; pair++) {
                sum += x[0] * TS_LOW(*w) + x[1] * TS_HIGH(*w);
                x += 2;
                w += TS_APART == 1 ? 2 : 1;
            }
            x += q->jump / 2 + (TS_APART == 1 ? 2 : 0);
        }
        to[n / q->columns * q->to_line + k * q->scaling.step] = (int8_t)TS_NAMED(ts_result_, TS_WAY)(sum, &q->scaling);
    }
}
#endif

#endif
