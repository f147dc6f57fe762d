/* Sums of products of a column of x with all rows of packed weights, requantised, in portable C.
 *
 * Four rows lie together, the last filled up with codes of 0: words (a, b), (c, d), (a, b), ... of two rows each, the first in
 * the lower half. A half holds the codes of so many places as fit, the first lowest. With one code in either half left, a word
 * times x is both products, 2^16 apart; sums of few of them fit 16 bits each, and come apart before they no longer do. */
#ifndef TS_PACKED_COLUMNS_H
#define TS_PACKED_COLUMNS_H

#include "ts_packed.h"

/* Places: of a word, and of sums that 16 bits hold: 128 times the largest code times those is below 2^15. */
#if TS_PACKED_BITS == 4
#define TS_PACKED_PLACES 4
#define TS_PACKED_CHUNK 16
#elif TS_PACKED_BITS == 2
#define TS_PACKED_PLACES 8
#define TS_PACKED_CHUNK 80
#else
#define TS_PACKED_PLACES 16
#define TS_PACKED_CHUNK 240
#endif
#define TS_PACKED_MASK ((1u << TS_PACKED_BITS) - 1u)

static inline int32_t ts_packed_padded(int32_t depth) {
    return (depth + TS_PACKED_PLACES - 1) & ~(TS_PACKED_PLACES - 1);
}

#define TS_PACKED_TEXT(value) TS_PACKED_TEXT_OF(value)
#define TS_PACKED_TEXT_OF(value) #value
#if TS_PACKED_BITS == 4
#define TS_PACKED_OTHERS(each) each(1) each(2) each(3)
#elif TS_PACKED_BITS == 2
#define TS_PACKED_OTHERS(each) each(1) each(2) each(3) each(4) each(5) each(6) each(7)
#else
#define TS_PACKED_OTHERS(each) \
    each(1) each(2) each(3) each(4) each(5) each(6) each(7) \
    each(8) each(9) each(10) each(11) each(12) each(13) each(14) each(15)
#endif

#if TS_PLAIN_FEW_REGISTERS

#define TS_PACKED_STEP TS_PACKED_TEXT(TS_PACKED_BITS)
#define TS_PACKED_PLACE(k) \
    "ldrb r2, [r0, #" #k "]\n sxtb r2, r2\n" \
    "mov r3, r8\n ands r3, r4\n muls r3, r2\n adds r6, r6, r3\n" \
    "mov r3, r8\n ands r3, r5\n muls r3, r2\n adds r7, r7, r3\n"
#define TS_PACKED_OTHER(k) \
    "lsrs r4, r4, #" TS_PACKED_STEP "\n lsrs r5, r5, #" TS_PACKED_STEP "\n" TS_PACKED_PLACE(k)

/* sums [4] of the column at x: r4, r5 words, r6, r7 sums of both halves, r8 mask, r9 to r11 and lr sums, r12 where these
 * come apart next; sp: the end of the column. */
TS_PLAIN_NAKED static void ts_packed_four(
    const int8_t *x TS_PLAIN_GIVEN, const uint32_t *w TS_PLAIN_GIVEN, int32_t depth TS_PLAIN_GIVEN,
    int32_t *sums TS_PLAIN_GIVEN) {
    __asm__(".syntax unified\n push {r3, r4, r5, r6, r7, lr}\n"
            "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n push {r4, r5, r6, r7}\n"
            "adds r2, r2, r0\n push {r2}\n"
            "movs r3, #((1 << " TS_PACKED_STEP ") - 1)\n lsls r4, r3, #16\n orrs r3, r4\n mov r8, r3\n"
            "movs r4, #0\n mov r9, r4\n mov r10, r4\n mov r11, r4\n mov lr, r4\n"
            "1: ldr r2, [sp]\n mov r12, r2\n subs r3, r2, r0\n cmp r3, #" TS_PACKED_TEXT(TS_PACKED_CHUNK) "\n bls 2f\n"
            "movs r2, #" TS_PACKED_TEXT(TS_PACKED_CHUNK) "\n adds r2, r2, r0\n mov r12, r2\n"
            "2: movs r6, #0\n movs r7, #0\n"
            "3: ldmia r1!, {r4, r5}\n" TS_PACKED_PLACE(0) TS_PACKED_OTHERS(TS_PACKED_OTHER)
            "adds r0, #" TS_PACKED_TEXT(TS_PACKED_PLACES) "\n cmp r0, r12\n beq 4f\n b 3b\n"
            "4: sxth r2, r6\n add r9, r2\n subs r6, r6, r2\n asrs r6, r6, #16\n add r10, r6\n"
            "sxth r2, r7\n add r11, r2\n subs r7, r7, r2\n asrs r7, r7, #16\n add lr, r7\n"
            "ldr r2, [sp]\n cmp r0, r2\n beq 5f\n b 1b\n"
            "5: add sp, #4\n ldr r3, [sp, #16]\n mov r4, r9\n mov r5, r10\n mov r6, r11\n mov r7, lr\n stmia r3!, {r4, r5, r6, r7}\n"
            "pop {r4, r5, r6, r7}\n mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n"
            "pop {r3, r4, r5, r6, r7, pc}\n");
}

#else

#define TS_PACKED_PLACE(k) \
    { \
        uint32_t value = (uint32_t)(int32_t)x[k]; \
        p += ((u >> (TS_PACKED_BITS * (k))) & mask) * value; \
        q += ((v >> (TS_PACKED_BITS * (k))) & mask) * value; \
        __asm__("" : "+r"(p), "+r"(q) : : "memory"); \
    }

/* sums [4] of the column at x. */
static TS_PLAIN_ALONE void ts_packed_four(const int8_t *x, const uint32_t *w, int32_t depth, int32_t *sums) {
    const int8_t *end = x + depth;
    const uint32_t mask = TS_PACKED_MASK << 16 | TS_PACKED_MASK;
    uint32_t a = 0, b = 0, c = 0, d = 0;
    while (x != end) {
        const int8_t *stop = end - x > TS_PACKED_CHUNK ? x + TS_PACKED_CHUNK : end;
        uint32_t p = 0, q = 0;
        for (; x != stop; x += TS_PACKED_PLACES, w += 2) {
            uint32_t u = w[0], v = w[1];
            TS_PACKED_PLACE(0)
            TS_PACKED_OTHERS(TS_PACKED_PLACE)
        }
        uint32_t low = (uint32_t)(int32_t)(int16_t)p;
        a += low;
        b += (uint32_t)((int32_t)(p - low) >> 16);
        low = (uint32_t)(int32_t)(int16_t)q;
        c += low;
        d += (uint32_t)((int32_t)(q - low) >> 16);
    }
    sums[0] = (int32_t)a;
    sums[1] = (int32_t)b;
    sums[2] = (int32_t)c;
    sums[3] = (int32_t)d;
}

#endif

/* Results of the column at x, y [out]. The other parameters are those that ts_plain_conv2d.inc gives. */
static void ts_packed_columns(
    const int8_t *x, int32_t columns TS_PLAIN_GIVEN, int8_t *y, int32_t y_step TS_PLAIN_GIVEN, const ts_packed_layer *layer) {
    int32_t sums[4];
    int32_t less = layer->low * ts_plain_sum(x, layer->depth);
    const uint32_t *w = layer->w;
    const int32_t *bias = layer->bias;
    const int32_t *factors = layer->factors;
    for (int32_t left = layer->out; left > 0; left -= 4, w += layer->depth / TS_PACKED_PLACES * 2) {
        ts_packed_four(x, w, layer->depth, sums);
        int32_t some = left < 4 ? left : 4;
        for (int32_t i = 0; i < some; i++, factors += layer->next) {
            *y++ = ts_packed_result(sums[i], less, bias++, factors, layer);
        }
    }
}

#endif
