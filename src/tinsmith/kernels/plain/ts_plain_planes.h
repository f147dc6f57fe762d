/* A channel of a picture as a plane of bytes, and four windows of it at a time times the channel's weights. */
#ifndef TS_PLAIN_PLANES_H
#define TS_PLAIN_PLANES_H

#include "ts_plain.h"

/* Sizes; pitch: from one row of the plane to the next. */
typedef struct {
    int32_t height, width, channels, kernel_y, kernel_x, dilation_y, dilation_x, left, pitch;
} ts_plain_window;

/* Rows of a picture's channel, from one on that may lie over the border. */
static void ts_plain_plane(uint8_t *to, const int8_t *x, int32_t row, int32_t rows, const ts_plain_window *size, int32_t zero) {
    for (; rows > 0; rows--, row++) {
        uint8_t *end = to + size->pitch;
        uint8_t *from = to + size->left;
        uint8_t *until = from + size->width;
        if (row < 0 || row >= size->height || from > end) {
            from = end;
        }
        until = until > end ? end : until;
        while (to != from) {
            *to++ = (uint8_t)zero;
        }
        const int8_t *value = x + row * size->width * size->channels;
        while (to < until) {
            *to++ = (uint8_t)(*value + 128);
            value += size->channels;
        }
        while (to != end) {
            *to++ = (uint8_t)zero;
        }
    }
}

/* How weights lie over a plane: rows of `run` taps, `across` from tap to tap, `down` from the end of a row to the next; or
 * run 0 for rows of three taps side by side, `down` from row to row. */
typedef struct {
    int32_t run, across, down, weights;
} ts_plain_taps;

static inline ts_plain_taps ts_plain_taps_of(const ts_plain_window *size) {
    ts_plain_taps taps = {size->kernel_x, size->dilation_x, size->pitch * size->dilation_y, size->kernel_y * size->kernel_x};
    if (taps.run == 3 && taps.across == 1) {
        taps.run = 0;
    } else if (taps.run == 1) { /* a column of taps is a row, seen from the side */
        taps.run = size->kernel_y;
        taps.across = taps.down;
    } else {
        taps.down -= taps.run * taps.across;
    }
    return taps;
}

#if TS_PLAIN_FEW_REGISTERS

#define TS_PLAIN_PRODUCT(k, at, sum) "ldrb r6, [" #at ", #" #k "]\n muls r6, r5\n add " #sum ", r6\n"
#define TS_PLAIN_TAP(k) \
    "ldrb r5, [r4, #" #k "]\n sxtb r5, r5\n" \
    TS_PLAIN_PRODUCT(k, r0, r8) TS_PLAIN_PRODUCT(k, r1, r9) TS_PLAIN_PRODUCT(k, r2, r10) TS_PLAIN_PRODUCT(k, r3, r7)
#define TS_PLAIN_ON(step) "add r0, " #step "\n add r1, " #step "\n add r2, " #step "\n add r3, " #step "\n"

/* sums [4] of the windows at[0..3] times w. */
TS_PLAIN_NAKED static void ts_plain_four(
    const uint8_t *const *at TS_PLAIN_GIVEN, const int8_t *w TS_PLAIN_GIVEN, const ts_plain_taps *taps TS_PLAIN_GIVEN,
    int32_t *sums TS_PLAIN_GIVEN) {
    __asm__(".syntax unified\n push {r3, r4, r5, r6, r7, lr}\n mov r5, r8\n mov r6, r9\n mov r7, r10\n push {r5, r6, r7}\n"
            "mov r4, r1\n ldr r5, [r2, #8]\n mov r12, r5\n ldr r5, [r2, #12]\n adds r5, r5, r4\n mov lr, r5\n"
            "ldr r5, [r2]\n ldr r6, [r2, #4]\n push {r4, r5, r6}\n" /* a count, run, across */
            "movs r7, #0\n mov r8, r7\n mov r9, r7\n mov r10, r7\n ldmia r0, {r0, r1, r2, r3}\n"
            "cmp r5, #0\n bne 2f\n"
            "1:\n" TS_PLAIN_TAP(0) TS_PLAIN_TAP(1) TS_PLAIN_TAP(2) TS_PLAIN_ON(r12)
            "adds r4, #3\n cmp r4, lr\n bne 1b\n b 4f\n"
            "2: ldr r5, [sp, #4]\n str r5, [sp]\n"
            "3:\n" TS_PLAIN_TAP(0) "ldr r5, [sp, #8]\n" TS_PLAIN_ON(r5)
            "adds r4, #1\n ldr r5, [sp]\n subs r5, #1\n str r5, [sp]\n bne 3b\n" TS_PLAIN_ON(r12)
            "cmp r4, lr\n bne 2b\n"
            "4: add sp, #12\n mov r4, r8\n mov r5, r9\n mov r6, r10\n"
            "pop {r0, r1, r2}\n mov r8, r0\n mov r9, r1\n mov r10, r2\n"
            "pop {r0}\n stmia r0!, {r4, r5, r6, r7}\n pop {r4, r5, r6, r7, pc}\n");
}

#else

#define TS_PLAIN_TAP(k) \
    { \
        int32_t v = w[k]; \
        a += v * p[k]; \
        b += v * q[k]; \
        c += v * r[k]; \
        d += v * s[k]; \
        __asm__("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d) : : "memory"); \
    }
#define TS_PLAIN_ON(step) p += step, q += step, r += step, s += step

/* sums [4] of the windows at[0..3] times w. */
static inline void ts_plain_four(
    const uint8_t *const *at, const int8_t *w, const ts_plain_taps *taps, int32_t *sums) {
    int32_t a = 0, b = 0, c = 0, d = 0;
    const uint8_t *p = at[0], *q = at[1], *r = at[2], *s = at[3];
    const int8_t *end = w + taps->weights;
    int32_t run = taps->run;
    for (; w != end; TS_PLAIN_ON(taps->down)) {
        if (run == 0) {
            TS_PLAIN_TAP(0)
            TS_PLAIN_TAP(1)
            TS_PLAIN_TAP(2)
            w += 3;
        }
        for (const int8_t *next = w + run; w != next; TS_PLAIN_ON(taps->across)) {
            TS_PLAIN_TAP(0)
            w++;
        }
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

#endif

#endif
