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
    s->half = ((2 * zero + 1) * ((int32_t)1 << shift)) >> 1;
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

/* The same, rounded once: the high product is rounded down, half of a step added; shifts from 1 on. */
static inline int32_t ts_result_once(int32_t doubled, const ts_scaling *s) {
    int32_t high = (int32_t)(((int64_t)doubled * s->multiplier) >> 32) + s->half;
    return ts_within(ts_to_int8(high, s->shift), s->low, s->high);
}

/* The same by a float32 factor, to the nearest, halves to even; multiplier holds the bits of half of the factor, half the zero point. */
static inline int32_t ts_result_float(int32_t doubled, const ts_scaling *s) {
    union {
        int32_t bits;
        float value;
    } factor = {s->multiplier};
    float t = ts_f32((float)doubled * factor.value);
    t = t > -1024.0f ? t : -1024.0f;
    t = t < 1024.0f ? t : 1024.0f;
    int32_t whole = (int32_t)t;
    float rest = t - (float)whole;
    int32_t odd = whole & 1;
    whole += rest > 0.5f || (rest == 0.5f && odd) ? 1 : 0;
    whole -= rest < -0.5f || (rest == -0.5f && odd) ? 1 : 0;
    return ts_within(ts_to_int8(whole + s->half, 0), s->low, s->high);
}
#define ts_result_any ts_result
#define ts_result_signed ts_result
#define ts_result_relu ts_result
#define ts_result_single ts_result_once

/* The same in routines of assembly, in five ways: by a float32 factor; rounded once; of any shift and with bounds; with shifts from 1 on over all of int8; and where
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
#define TS_LOAD_single TS_LOAD_signed
#define TS_SCALE_single(sum) "smmla " sum ", " sum ", r9, r10\n\t"
#define TS_NARROW_single(sum) TS_NARROW_any(sum)
#define TS_LOADED_single TS_LOADED_signed

#define TS_LOAD_float TS_LOAD_signed "vmov s1, r9\n\t"
#define TS_SCALE_float(sum) \
    "vmov s0, " sum "\n\tvcvt.f32.s32 s0, s0\n\tvmul.f32 s0, s0, s1\n\tvcvtr.s32.f32 s0, s0\n\tvmov " sum ", s0\n\tqadd " sum ", " sum ", r10\n\t"
#define TS_NARROW_float(sum) TS_NARROW_any(sum)
#define TS_LOADED_float TS_LOADED_signed
#define TS_RELOAD_float TS_GAP
#define TS_RELOAD_relu ""
#define TS_RELOAD_signed ""
#define TS_RELOAD_any TS_GAP
#define TS_RELOAD_single TS_GAP

/* Stores ts_scaling_of's ``away`` where TS_SCALE reads it: behind 48 bytes of r2; shift in lr. */
#define TS_STORE_AWAY_relu
#define TS_STORE_AWAY_signed
#define TS_STORE_AWAY_any "rsb r4, lr, #0\n\tasr r4, r4, #31\n\tstr r4, [r2, #48]\n\t"
#define TS_STORE_AWAY_single
#define TS_STORE_AWAY_float

#define TS_NAMED(name, way) TS_JOINED(name, way)
#define TS_JOINED(name, way) name##way

/* How the channels of a picture become planes: bytes between neighbours of a line and thrice that; of each line the elements in front of an
 * even place of the plane (0 or 1), fours, and elements behind those; lines, bytes from the end of one to the next, in the picture and in the
 * plane. The assembly knows this order. */
typedef struct {
    int32_t step;
    int32_t thrice;
    int32_t head;
    int32_t fours;
    int32_t tail;
    int32_t lines;
    int32_t rest;
    int32_t plane_rest;
} ts_reading;

/* Lines of length elements, step and line_step bytes apart, to lines of pitch words, from element first on. */
static inline ts_reading ts_reading_of(int32_t lines, int32_t length, int32_t step, int32_t line_step, int32_t pitch, int32_t first) {
    int32_t head = length > 0 ? first & 1 : 0;
    const ts_reading r = {
        step, 3 * step, head, (length - head) >> 2, (length - head) & 3, lines, line_step - length * step, 4 * pitch - 2 * length};
    return r;
}

#if TS_DSP_ASSEMBLY
/* A plane of the same value; both: twice, in halves of a word. */
TS_NAKED void ts_plane_filled(TS_GIVEN ts_word *plane, TS_GIVEN int32_t words, TS_GIVEN uint32_t both) {
    __asm__("mov r3, r2\n\tmov r12, r2\n\t"
            "subs r1, r1, #3\n\tblt 2f\n"
            "1:\n\t"
            "stm r0!, {r2, r3, r12}\n\tsubs r1, r1, #3\n\tbge 1b\n"
            "2:\n\t"
            "adds r1, r1, #3\n\tbeq 4f\n"
            "3:\n\t"
            "str r2, [r0], #4\n\tsubs r1, r1, #1\n\tbne 3b\n"
            "4:\n\t"
            "bx lr");
}

/* One channel, and two channels side by side, of which the second goes to a plane of its own. r0: from, r1 and r2: to, r3: reading, r8 and r9:
 * step and thrice, r11 and lr: rests, r12: lines left. */
#define TS_READ(one, four) \
    "push {r4-r11, lr}\n\t" \
    "ldrd r8, r9, [r3]\n\tldrd r11, lr, [r3, #24]\n\tldr r12, [r3, #20]\n" \
    "1:\n\t" \
    "ldr r10, [r3, #8]\n\tcmp r10, #0\n\tbeq 2f\n\t" one \
    "2:\n\t" \
    "ldr r10, [r3, #12]\n\tcmp r10, #0\n\tbeq 4f\n" \
    "3:\n\t" four \
    "subs r10, r10, #1\n\tbne 3b\n" \
    "4:\n\t" \
    "ldr r10, [r3, #16]\n\tcmp r10, #0\n\tbeq 6f\n" \
    "5:\n\t" one \
    "subs r10, r10, #1\n\tbne 5b\n" \
    "6:\n\t" \
    "add r0, r0, r11\n\tadd r1, r1, lr\n\tadd r2, r2, lr\n\t" \
    "subs r12, r12, #1\n\tbne 1b\n\t" \
    "pop {r4-r11, pc}"

TS_NAKED void ts_channel_read(TS_GIVEN const int8_t *from, TS_GIVEN int16_t *to, TS_GIVEN int16_t *none, TS_GIVEN const ts_reading *r) {
    __asm__(TS_READ(
        "ldrsb r4, [r0]\n\tadd r0, r0, r8\n\tstrh r4, [r1], #2\n\t",
        "ldrsb r4, [r0]\n\tldrsb r5, [r0, r8]\n\tldrsb r6, [r0, r8, lsl #1]\n\tldrsb r7, [r0, r9]\n\tadd r0, r0, r8, lsl #2\n\t"
        "pkhbt r4, r4, r5, lsl #16\n\tpkhbt r6, r6, r7, lsl #16\n\tstrd r4, r6, [r1], #8\n\t"));
}

TS_NAKED void ts_channels_read(TS_GIVEN const int8_t *from, TS_GIVEN int16_t *to, TS_GIVEN int16_t *second, TS_GIVEN const ts_reading *r) {
    __asm__(TS_READ(
        "ldrsb r4, [r0]\n\tldrsb r5, [r0, #1]\n\tadd r0, r0, r8\n\tstrh r4, [r1], #2\n\tstrh r5, [r2], #2\n\t",
        "ldrh r4, [r0]\n\tldrh r5, [r0, r8]\n\tldrh r6, [r0, r8, lsl #1]\n\tldrh r7, [r0, r9]\n\tadd r0, r0, r8, lsl #2\n\t"
        "pkhbt r5, r4, r5, lsl #16\n\tpkhbt r7, r6, r7, lsl #16\n\tsxtb16 r4, r5\n\tsxtb16 r6, r7\n\t"
        "sxtb16 r5, r5, ror #8\n\tsxtb16 r7, r7, ror #8\n\tstrd r4, r6, [r1], #8\n\tstrd r5, r7, [r2], #8\n\t"));
}
#else
static inline void ts_plane_filled(ts_word *plane, int32_t words, uint32_t both) {
    for (int32_t i = 0; i < words; i++) {
        plane[i] = both;
    }
}

static inline void ts_channel_read(const int8_t *from, int16_t *to, const int16_t *none, const ts_reading *r) {
    (void)none;
    int32_t length = r->head + 4 * r->fours + r->tail;
    for (int32_t i = 0; i < r->lines; i++) {
        for (int32_t k = 0; k < length; k++) {
            to[k] = from[k * r->step];
        }
        from += length * r->step + r->rest;
        to += length + r->plane_rest / 2;
    }
}

static inline void ts_channels_read(const int8_t *from, int16_t *to, int16_t *second, const ts_reading *r) {
    ts_channel_read(from, to, to, r);
    ts_channel_read(from + 1, second, second, r);
}
#endif

static inline void ts_plane_border(ts_word *plane, int32_t words, int32_t value) {
    ts_plane_filled(plane, words, ts_halves(value, value));
}

/* Channel k into the first plane, from element first on; with far, channel k + 1 into the one far words on. */
static inline void ts_planes_read(const int8_t *x, ts_word *planes, int32_t first, int32_t far, const ts_reading *r) {
    int16_t *to = (int16_t *)(void *)planes + first;
    if (r->lines > 0) {
        if (far > 0) {
            ts_channels_read(x, to, to + 2 * far, r);
        } else {
            ts_channel_read(x, to, to, r);
        }
    }
}

#endif
