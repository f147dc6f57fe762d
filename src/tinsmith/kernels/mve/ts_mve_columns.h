/* Convolutions of single channels: windows of up to 16 bytes that lie side by side, four channels of two columns at a time.
 *
 * Rows of x lie in scratch by channels, and by columns within a channel: of each column as many bytes as a window has rows
 * (`slots`), row after row, the newest in place of the oldest. So a window is one vector; its weights are read in the order
 * that belongs to the slot of its first row. */
#ifndef TS_MVE_COLUMNS_H
#define TS_MVE_COLUMNS_H

#include "ts_mve.h"

/* What a line of results needs. The assembly knows the places of all members. */
typedef struct {
    int32_t zero, room, back; /* the zero point less the lowest value; 255 less values; the lowest value less room */
    int32_t pair;             /* from results of two columns to the next ones */
    int32_t limit;            /* set in assembly: x of the last two columns */
    int32_t reach;            /* x of the last two columns, from that of the first; -1 with one column */
    int32_t step;             /* x from a column to the next; 0 with one column */
    int32_t across;           /* from results of a column to the next */
    uint16_t places[8];       /* of results of four channels of two columns */
    int8_t turn[16];          /* of weights */
    int32_t pitch, taps;      /* from a channel to the next in x and in weights */
    int32_t along, down;      /* from the end of a line to the beginning of that of the next four channels, in x and results */
    const int8_t *w;
    const int32_t *end; /* of factors */
    int8_t *y;          /* set in assembly */
    int32_t columns;
} ts_mve_line;

#if defined(__ARM_FEATURE_MVE)

/* Windows of two columns of a channel: both steps are 3 bytes, or any. */
#define TS_MVE_THREE(x, w, one, other)    \
    "vldrb.u8 q4, [" x "], #3\n"          \
    "vmladava.s8 " one ", q4, " w "\n"    \
    "vldrb.u8 q5, [" x "], #3\n"          \
    "vmladava.s8 " other ", q5, " w "\n"
#define TS_MVE_ANY(x, w, one, other)      \
    "vldrb.u8 q4, [" x "]\n"              \
    "add " x ", " x ", r9\n"              \
    "vmladava.s8 " one ", q4, " w "\n"    \
    "vldrb.u8 q5, [" x "]\n"              \
    "add " x ", " x ", r9\n"              \
    "vmladava.s8 " other ", q5, " w "\n"

#if TS_MVE_ROUNDING == TS_MVE_RELU
#define TS_MVE_CLAMP "vqmovunb.s16 q4, q4\nvadd.i8 q4, q4, r4\n"
#else
#define TS_MVE_CLAMP "vqadd.s16 q4, q4, r0\nvqmovunb.s16 q4, q4\nvqadd.u8 q4, q4, r2\nvadd.i8 q4, q4, r4\n"
#endif

/* r0-r6 even, r8-lr even: sums of the columns; r1, r3, r5, r7 x; r9 y (or, where the step is not known, the step, and
 * ``take`` and ``leave`` exchange both); r11 factors; q0-q3 weights; sp: the line. */
#define TS_MVE_LINE(windows, take, leave)                                                       \
    __asm__("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"                                     \
            "vpush {d8, d9, d10, d11, d12, d13, d14, d15}\n"                                    \
            "sub sp, sp, #96\n"                                                                 \
            "vldrw.u32 q0, [r3]\n"                                                              \
            "vldrw.u32 q1, [r3, #16]\n"                                                         \
            "vldrw.u32 q2, [r3, #32]\n"                                                         \
            "vldrw.u32 q3, [r3, #48]\n"                                                         \
            "vldrw.u32 q4, [r3, #64]\n"                                                         \
            "vldrw.u32 q5, [r3, #80]\n"                                                         \
            "vstrw.32 q0, [sp]\n"                                                               \
            "vstrw.32 q1, [sp, #16]\n"                                                          \
            "vstrw.32 q2, [sp, #32]\n"                                                          \
            "vstrw.32 q3, [sp, #48]\n"                                                          \
            "vstrw.32 q4, [sp, #64]\n"                                                          \
            "vstrw.32 q5, [sp, #80]\n"                                                          \
            "mov r9, r2\n" leave                                                                \
            "mov r11, r1\n"                                                                     \
            "mov r1, r0\n"                                                                      \
            "ldr r2, [sp, #68]\n"                                                               \
            "vctp.8 r2\n"                                                                       \
            "0:\n"                                                                              \
            "ldr r0, [sp, #80]\n"                                                               \
            "ldr r8, [sp, #68]\n"                                                               \
            "vldrw.u32 q4, [sp, #48]\n"                                                         \
            "add r2, r0, r8\n"                                                                  \
            "add r4, r2, r8\n"                                                                  \
            "add r6, r4, r8\n"                                                                  \
            "add r8, r6, r8\n"                                                                  \
            "vpstttt\n"                                                                         \
            "vldrbt.u8 q0, [r0, q4]\n"                                                          \
            "vldrbt.u8 q1, [r2, q4]\n"                                                          \
            "vldrbt.u8 q2, [r4, q4]\n"                                                          \
            "vldrbt.u8 q3, [r6, q4]\n"                                                          \
            "str r8, [sp, #80]\n"                                                               \
            "ldr r0, [sp, #64]\n"                                                               \
            "ldr r2, [sp, #20]\n"                                                               \
            "add r3, r1, r0\n"                                                                  \
            "add r5, r3, r0\n"                                                                  \
            "add r7, r5, r0\n"                                                                  \
            "add r2, r1, r2\n"                                                                  \
            "str r2, [sp, #16]\n"                                                               \
            "1:\n"                                                                              \
            "ldm r11, {r8, r10, r12, lr}\n"                                                     \
            "ldm r11, {r0, r2, r4, r6}\n"                                                       \
            windows("r1", "q0", "r0", "r8") windows("r3", "q1", "r2", "r10")                    \
            windows("r5", "q2", "r4", "r12") windows("r7", "q3", "r6", "lr")                    \
            "vmov q4[2], q4[0], r0, r4\n"                                                       \
            "vmov q4[3], q4[1], r2, r6\n"                                                       \
            "vldrw.u32 q6, [r11, #16]\n" TS_MVE_TIMES("q4", "q6")                               \
            "vmov q5[2], q5[0], r8, r12\n"                                                      \
            "vmov q5[3], q5[1], r10, lr\n" TS_MVE_TIMES("q5", "q6")                             \
            TS_MVE_AWAY("q4", "q6") TS_MVE_AWAY("q5", "q6")                                     \
            "vldrw.u32 q7, [r11, #32]\n"                                                        \
            "ldm sp, {r0, r2, r4, r6, r8}\n"                                                    \
            "vrshl.s32 q4, q4, q7\n"                                                            \
            "vrshl.s32 q5, q5, q7\n"                                                            \
            "vldrw.u32 q6, [sp, #32]\n"                                                         \
            "vqmovnb.s32 q4, q4\n"                                                              \
            "vqmovnt.s32 q4, q5\n"                                                              \
            TS_MVE_CLAMP take                                                                   \
            "vstrb.16 q4, [r9, q6]\n"                                                           \
            "add r9, r9, r6\n" leave                                                            \
            "cmp r1, r8\n"                                                                      \
            "bls 1b\n"                                                                          \
            "ldrd r0, r2, [sp, #24]\n"                                                          \
            "subs r4, r1, r8\n"                                                                 \
            "cmp r4, r0\n"                                                                      \
            "bne 2f\n"                                                                          \
            "subs r1, r1, r0\n" /* a column is left over: again with the one before */          \
            "subs r3, r3, r0\n"                                                                 \
            "subs r5, r5, r0\n"                                                                 \
            "subs r7, r7, r0\n" take                                                            \
            "sub r9, r9, r2\n" leave                                                            \
            "b 1b\n"                                                                            \
            "2:\n"                                                                              \
            "ldrd r0, r2, [sp, #72]\n"                                                          \
            "add r1, r1, r0\n" take                                                             \
            "add r9, r9, r2\n" leave                                                            \
            "ldr r0, [sp, #84]\n"                                                               \
            "add r11, r11, #48\n"                                                               \
            "cmp r11, r0\n"                                                                     \
            "bne 0b\n"                                                                          \
            "add sp, sp, #96\n"                                                                 \
            "vpop {d8, d9, d10, d11, d12, d13, d14, d15}\n"                                     \
            "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n")

TS_MVE_NAKED void ts_mve_line_three(TS_MVE_GIVEN const int8_t *x, TS_MVE_GIVEN const int32_t *factors, TS_MVE_GIVEN int8_t *y,
                                    TS_MVE_GIVEN const ts_mve_line *line) {
    TS_MVE_LINE(TS_MVE_THREE, "", "");
}

TS_MVE_NAKED void ts_mve_line_any(TS_MVE_GIVEN const int8_t *x, TS_MVE_GIVEN const int32_t *factors, TS_MVE_GIVEN int8_t *y,
                                  TS_MVE_GIVEN const ts_mve_line *line) {
    TS_MVE_LINE(TS_MVE_ANY, "ldr r9, [sp, #88]\n", "str r9, [sp, #88]\nldr r9, [sp, #24]\n");
}

/* Pixels of x to a slot of their columns. */
TS_MVE_INLINE void ts_mve_enter(int8_t *to, int32_t pitch, int32_t slots, const int8_t *x, int32_t columns, int32_t channels) {
    uint16x8_t places = vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)pitch);
    mve_pred16_t some = vctp16q((uint32_t)channels & 7);
    for (; columns > 0; columns--) {
        int8_t *at = to;
        for (int32_t left = channels >> 3; left > 0; left--) {
            vstrbq_scatter_offset_s16(at, places, vldrbq_s16(x));
            x += 8;
            at += 8 * pitch;
        }
        if (channels & 7) {
            vstrbq_scatter_offset_p_s16(at, places, vldrbq_z_s16(x, some), some);
            x += channels & 7;
        }
        to += slots;
    }
}

#else

static void ts_mve_line_any(const int8_t *x, const int32_t *factors, int8_t *y, const ts_mve_line *line) {
    const int8_t *w = line->w;
    for (; factors < line->end; factors += 12) {
        for (int32_t c = 0; c < 4; c++) {
            for (int32_t column = 0; column < line->columns; column++) {
                const int8_t *window = x + c * line->pitch + column * line->step;
                uint32_t sum = (uint32_t)factors[c];
                for (int32_t k = 0; k < line->taps; k++) {
                    sum += (uint32_t)((int32_t)window[k] * w[c * line->taps + line->turn[k]]);
                }
                int32_t low = line->back + line->room;
                int32_t scaled = ts_mve_scaled((int32_t)sum, factors[4 + c], factors[8 + c]);
                y[column * line->across + c] = (int8_t)ts_clamp(scaled + line->zero + low, low, low + 255 - line->room);
            }
        }
        x += 4 * line->pitch;
        w += 4 * line->taps;
        y += 4;
    }
}

#define ts_mve_line_three ts_mve_line_any

static void ts_mve_enter(int8_t *to, int32_t pitch, int32_t slots, const int8_t *x, int32_t columns, int32_t channels) {
    for (int32_t i = 0; i < columns * channels; i++) {
        to[i / channels * slots + i % channels * pitch] = x[i];
    }
}

#endif

/* A value to a slot of all columns of all channels. */
static inline void ts_mve_clear(int8_t *to, int32_t slots, int32_t value, int32_t count) {
    for (; count > 0; count--) {
        *to = (int8_t)value;
        to += slots;
    }
}

/* All channels, four or more, of a line of results; the last four may overlap the ones before. */
static inline void ts_mve_channels(const int8_t *x, const int8_t *w, const int32_t *factors, int8_t *y, ts_mve_line *line,
                                   int32_t channels) {
    void (*compute)(const int8_t *, const int32_t *, int8_t *, const ts_mve_line *) =
        line->step == 3 ? ts_mve_line_three : ts_mve_line_any;
    line->w = w;
    line->end = factors + (channels >> 2) * 12;
    compute(x, factors, y, line);
    if (channels & 3) {
        int32_t last = channels - 4;
        factors = line->end;
        line->w = w + last * line->taps;
        line->end = factors + 12;
        compute(x + last * line->pitch, factors, y + last, line);
    }
}

#endif
