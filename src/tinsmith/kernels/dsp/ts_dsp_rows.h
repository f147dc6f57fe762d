/* What the kernels share that go over rows of int8 on Arm cores with the DSP extension (M4, M7, M33): its instructions, with plain
 * C of the same meaning for all others, requantisation, and one channel of a picture as a plane of int16. */
#ifndef TS_DSP_ROWS_H
#define TS_DSP_ROWS_H

#include "ts_dsp.h"

typedef uint32_t __attribute__((may_alias)) ts_word;
typedef ts_word __attribute__((aligned(1))) ts_word_anywhere;

#define TS_LOW(x) ((int32_t)(int16_t)(x))
#define TS_HIGH(x) ((int32_t)(int16_t)((uint32_t)(x) >> 16))

/* A name in C for one instruction; what follows is its meaning. Halves of words hold int16. */
#if TS_DSP_ASSEMBLY
#define TS_INSTRUCTION1(name, text, a, c) \
    static inline uint32_t name(uint32_t a) { \
        uint32_t d; \
        __asm__(text : "=r"(d) : "r"(a)); \
        return d; \
    }
#define TS_INSTRUCTION2(name, text, a, b, c) \
    static inline uint32_t name(uint32_t a, uint32_t b) { \
        uint32_t d; \
        __asm__(text : "=r"(d) : "r"(a), "r"(b)); \
        return d; \
    }
#define TS_INSTRUCTION3(name, text, c) \
    static inline int32_t name(uint32_t x, uint32_t w, int32_t sum) { \
        int32_t d; \
        __asm__(text : "=r"(d) : "r"(x), "r"(w), "r"(sum)); \
        return d; \
    }
#else
#define TS_INSTRUCTION1(name, text, a, c) \
    static inline uint32_t name(uint32_t a) { return c; }
#define TS_INSTRUCTION2(name, text, a, b, c) \
    static inline uint32_t name(uint32_t a, uint32_t b) { return c; }
#define TS_INSTRUCTION3(name, text, c) \
    static inline int32_t name(uint32_t x, uint32_t w, int32_t sum) { return (int32_t)((uint32_t)sum + (uint32_t)(c)); }
#endif

static inline uint32_t ts_halves(int32_t low, int32_t high) {
    return ((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16);
}

/* Bytes 0 and 2, or 1 and 3, with their signs. */
TS_INSTRUCTION1(ts_bytes_even, "sxtb16 %0, %1", a, ts_halves((int8_t)a, (int8_t)(a >> 16)))
TS_INSTRUCTION1(ts_bytes_odd, "sxtb16 %0, %1, ror #8", a, ts_halves((int8_t)(a >> 8), (int8_t)(a >> 24)))
/* Lower half of a with the lower, or the upper half of b above it; upper half of b with that of a above it. */
TS_INSTRUCTION2(ts_low_low, "pkhbt %0, %1, %2, lsl #16", a, b, ts_halves(TS_LOW(a), TS_LOW(b)))
TS_INSTRUCTION2(ts_low_high, "pkhbt %0, %1, %2", a, b, ts_halves(TS_LOW(a), TS_HIGH(b)))
TS_INSTRUCTION2(ts_add_halves, "sadd16 %0, %1, %2", a, b, ts_halves(TS_LOW(a) + TS_LOW(b), TS_HIGH(a) + TS_HIGH(b)))
/* Both products of halves are added to the sum, or one: (half of x, half of w). */
TS_INSTRUCTION3(ts_mac2, "smlad %0, %1, %2, %3", TS_LOW(x) * TS_LOW(w) + TS_HIGH(x) * TS_HIGH(w))
TS_INSTRUCTION3(ts_mac_low_low, "smlabb %0, %1, %2, %3", TS_LOW(x) * TS_LOW(w))
TS_INSTRUCTION3(ts_mac_low_high, "smlabt %0, %1, %2, %3", TS_LOW(x) * TS_HIGH(w))
TS_INSTRUCTION3(ts_mac_high_low, "smlatb %0, %1, %2, %3", TS_HIGH(x) * TS_LOW(w))
TS_INSTRUCTION3(ts_mac_high_high, "smlatt %0, %1, %2, %3", TS_HIGH(x) * TS_HIGH(w))

/* sum + high word of (x * multiplier + 2^31). */
static inline int32_t ts_high_rounded(int32_t x, int32_t multiplier, int32_t sum) {
#if TS_DSP_ASSEMBLY
    int32_t d;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(d) : "r"(x), "r"(multiplier), "r"(sum));
    return d;
#else
    return sum + (int32_t)(((int64_t)x * multiplier + ((int64_t)1 << 31)) >> 32);
#endif
}

/* x >> n, saturated to int8. */
static inline int32_t ts_to_int8(int32_t x, int32_t n) {
    x >>= n;
#if TS_DSP_ASSEMBLY
    __asm__("ssat %0, #8, %1" : "=r"(x) : "r"(x));
    return x;
#else
    return ts_clamp(x, -128, 127);
#endif
}

/* The lowest byte between two others. */
static inline int32_t ts_within(int32_t x, int32_t low, int32_t high) {
#if TS_DSP_ASSEMBLY
    int32_t d;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2\n\tssub8 %1, %0, %3\n\tsel %0, %3, %0"
            : "=&r"(d), "+r"(x) : "r"(low), "r"(high) : "cc");
    return d;
#else
    return ts_clamp(x, low, high);
#endif
}

/* How the sums of one channel become results: multiplier, zero point with a half, shift to the right (0 and more), the step between
 * results in bytes, and backwards, all ones where halves of negative values go down, lowest and highest result. */
typedef struct {
    int32_t multiplier;
    int32_t half;
    int32_t shift;
    int32_t step;
    int32_t back;
    int32_t away;
    int32_t low;
    int32_t high;
} ts_scaling;

static inline void ts_scaling_of(ts_scaling *s, int32_t multiplier, int32_t shift, int32_t zero) {
    s->multiplier = multiplier;
    s->shift = shift;
    s->half = zero * ((int32_t)1 << shift) + (((int32_t)1 << shift) >> 1);
    s->away = shift > 0 ? -1 : 0;
}

static inline void ts_scaling_rest(ts_scaling *s, int32_t step, int32_t low, int32_t high) {
    s->step = step;
    s->back = -step;
    s->low = low;
    s->high = high;
}

/* Result of a doubled sum. The high product is rounded, halves upwards; then it is halved so many times, halves away from
 * zero: one less of a negative value before half of the step is added. The sign of the sum serves for that of the high product:
 * they differ only where the latter is 0, and 0 and -1 give the same. */
static inline int32_t ts_result(int32_t doubled, const ts_scaling *s) {
    int32_t high = ts_high_rounded(doubled, s->multiplier, s->half) + ((doubled >> 31) & s->away);
    return ts_within(ts_to_int8(high, s->shift), s->low, s->high);
}

/* The same in routines of assembly, in three ways: of any shift and with bounds; with shifts from 1 on over all of int8; and where
 * everything below the zero point -128 becomes -128, so that it does not matter which way halves of negative values go. r2 holds the
 * address of a ts_scaling; TS_LOAD is followed by TS_SCALE and TS_NARROW of each sum and TS_LOADED, after which r12 is the step and lr the
 * step backwards. They use r8 to lr. */
#define TS_LOAD_relu "ldm r2, {r9, r10, r11, r12, lr}\n\t"
#define TS_SCALE_relu(sum) "smmlar " sum ", " sum ", r9, r10\n\t"
#define TS_NARROW_relu(sum) "asr " sum ", " sum ", r11\n\tssat " sum ", #8, " sum "\n\t"
#define TS_LOADED_relu
#define TS_LOAD_signed "ldm r2, {r9, r10, r11, r12}\n\t"
#define TS_SCALE_signed(sum) "add lr, r10, " sum ", asr #31\n\tsmmlar " sum ", " sum ", r9, lr\n\t"
#define TS_NARROW_signed(sum) TS_NARROW_relu(sum)
#define TS_LOADED_signed "ldr lr, [r2, #16]\n\t"
#define TS_LOAD_any TS_LOAD_signed
#define TS_SCALE_any(sum) \
    "ldr lr, [r2, #20]\n\tand lr, lr, " sum ", asr #31\n\tadd lr, lr, r10\n\tsmmlar " sum ", " sum ", r9, lr\n\t"
#define TS_NARROW_any(sum) \
    TS_NARROW_relu(sum) \
    "ldr r8, [r2, #24]\n\tssub8 lr, " sum ", r8\n\tsel " sum ", " sum ", r8\n\t" \
    "ldr r8, [r2, #28]\n\tssub8 lr, r8, " sum "\n\tsel " sum ", " sum ", r8\n\t"
#define TS_LOADED_any TS_LOADED_signed

#define TS_RELOAD_relu ""
#define TS_RELOAD_signed ""
#define TS_RELOAD_any TS_GAP

#define TS_NAMED(name, way) TS_JOINED(name, way)
#define TS_JOINED(name, way) name##way

/* Where the channels of a picture lie: lines of length elements, step bytes apart, the lines line_step bytes apart; they become
 * lines of int16, pitch words apart. */
typedef struct {
    int32_t lines;
    int32_t length;
    int32_t step;
    int32_t line_step;
    int32_t pitch;
} ts_plane;

static inline void ts_plane_border(ts_word *plane, int32_t words, int32_t value) {
    uint32_t both = ts_halves(value, value);
    for (int32_t i = 0; i < words; i++) {
        plane[i] = both;
    }
}

/* Lines of one channel, or of two channels side by side; fours of them. */
static inline int16_t *ts_fours_widened(const int8_t *from, int32_t step, int32_t fours, int16_t *to) {
    int32_t thrice = 3 * step;
    if (fours <= 0) {
        return to;
    }
    do {
#if TS_DSP_ASSEMBLY
        uint32_t a, b, c, d;
        __asm__("ldrsb %[a], [%[f]]\n\tldrsb %[b], [%[f], %[s]]\n\tldrsb %[c], [%[f], %[s], lsl #1]\n\tldrsb %[d], [%[f], %[t]]\n\t"
                "add %[f], %[f], %[s], lsl #2\n\tpkhbt %[a], %[a], %[b], lsl #16\n\tpkhbt %[c], %[c], %[d], lsl #16\n\t"
                "strd %[a], %[c], [%[to]], #8"
                : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [f] "+r"(from), [to] "+r"(to)
                : [s] "r"(step), [t] "r"(thrice)
                : "memory");
#else
        ts_word *words = (ts_word *)(void *)to;
        words[0] = ts_halves(from[0], from[step]);
        words[1] = ts_halves(from[2 * step], from[thrice]);
        from += 4 * step;
        to += 4;
#endif
    } while (--fours != 0);
    return to;
}

static inline int16_t *ts_four_pairs_widened(const int8_t *from, int32_t step, int32_t fours, int16_t *to, int32_t far) {
#if TS_DSP_ASSEMBLY
    int32_t thrice = 3 * step;
    int16_t *second = to + 2 * far;
    if (fours <= 0) {
        return to;
    }
    do {
        uint32_t a, b, c, d;
        __asm__("ldrh %[a], [%[f]]\n\tldrh %[b], [%[f], %[s]]\n\tldrh %[c], [%[f], %[s], lsl #1]\n\tldrh %[d], [%[f], %[t]]\n\t"
                "add %[f], %[f], %[s], lsl #2\n\tpkhbt %[b], %[a], %[b], lsl #16\n\tpkhbt %[d], %[c], %[d], lsl #16\n\t"
                "sxtb16 %[a], %[b]\n\tsxtb16 %[c], %[d]\n\tsxtb16 %[b], %[b], ror #8\n\tsxtb16 %[d], %[d], ror #8\n\t"
                "strd %[a], %[c], [%[to]], #8\n\tstrd %[b], %[d], [%[second]], #8"
                : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [f] "+r"(from), [to] "+r"(to), [second] "+r"(second)
                : [s] "r"(step), [t] "r"(thrice)
                : "memory");
    } while (--fours != 0);
    return to;
#else
    ts_fours_widened(from + 1, step, fours, to + 2 * far);
    return ts_fours_widened(from, step, fours, to);
#endif
}

static inline void ts_some_widened(const int8_t *from, int32_t step, int32_t count, int16_t *to) {
    for (; count > 0; count--) {
        *to++ = *from;
        from += step;
    }
}

/* A line of one channel, or of two channels if far is not 0: the second one far words behind the first. */
static inline void ts_line_widened(const int8_t *from, const ts_plane *p, int16_t *to, int32_t far) {
    int32_t step = p->step;
    int32_t head = ((uintptr_t)to & 2u) != 0 && p->length > 0 ? 1 : 0;
    int32_t fours = (p->length - head) >> 2;
    int32_t tail = (p->length - head) & 3;
    if (head != 0) {
        to[0] = from[0];
        if (far > 0) {
            to[2 * far] = from[1];
        }
        from += step;
        to++;
    }
    to = far > 0 ? ts_four_pairs_widened(from, step, fours, to, far) : ts_fours_widened(from, step, fours, to);
    from += 4 * fours * step;
    ts_some_widened(from, step, tail, to);
    if (far > 0) {
        ts_some_widened(from + 1, step, tail, to + 2 * far);
    }
}

static inline void ts_plane_filled(const int8_t *from, const ts_plane *p, int16_t *to, int32_t far) {
    for (int32_t i = 0; i < p->lines; i++) {
        ts_line_widened(from, p, to, far);
        from += p->line_step;
        to += 2 * p->pitch;
    }
}

#endif
