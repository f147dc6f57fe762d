/* What kernels for cores with the DSP extension share. Loops that need every register are written in assembly, as
 * functions without a frame of the compiler's: they cost the same whatever compiler and flags a user takes. All other
 * compilers, the host's too, take the plain C beside them. */
#ifndef TS_DSP_H
#define TS_DSP_H

#include "ts_round.h"

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP == 1 && defined(__thumb2__)
#define TS_DSP_ASSEMBLY 1
#else
#define TS_DSP_ASSEMBLY 0
#endif

#if defined(__clang__)
#define TS_NAKED static __attribute__((naked, noinline))
#else
#define TS_NAKED static __attribute__((naked, noipa))
#endif
#define TS_GIVEN __attribute__((unused))
#define TS_DSP_ALONE __attribute__((noinline))

/* Lowest byte and third byte of a word as two int16, or the second and the highest. */
static inline uint32_t ts_dsp_bytes(uint32_t word, int32_t odd) {
#if TS_DSP_ASSEMBLY
    uint32_t pair;
    if (odd) {
        __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(word));
    } else {
        __asm__("sxtb16 %0, %1" : "=r"(pair) : "r"(word));
    }
    return pair;
#else
    uint32_t low = (uint32_t)(int32_t)(int8_t)(uint8_t)(word >> (8 * odd));
    uint32_t high = (uint32_t)(int32_t)(int8_t)(uint8_t)(word >> (8 * odd + 16));
    return (low & 0xFFFFu) | (high << 16);
#endif
}

/* sum + both products of two pairs of int16, modulo 2^32. */
static inline uint32_t ts_dsp_two(uint32_t a, uint32_t b, uint32_t sum) {
    int32_t low = (int32_t)(int16_t)(uint16_t)a * (int16_t)(uint16_t)b;
    int32_t high = (int32_t)(int16_t)(uint16_t)(a >> 16) * (int16_t)(uint16_t)(b >> 16);
    return sum + (uint32_t)low + (uint32_t)high;
}

/* Four bytes at any address. */
static inline uint32_t ts_dsp_word(const int8_t *x) {
#if TS_DSP_ASSEMBLY
    uint32_t word;
    __asm__("ldr %0, [%1]" : "=r"(word) : "r"(x), "m"(*(const int8_t(*)[4])x));
    return word;
#else
    const uint8_t *b = (const uint8_t *)x;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
#endif
}

/* What blocks of a layer have in common; in assembly by place. x: whole words up to x_end. skipped: of the steps of the loop,
 * those that its first round leaves out, as bytes of code. zero, room, back: Requantise.clamp, or zero that of the result where
 * nothing is clamped. */
typedef struct {
    int32_t room, back;
    const void *x;
    int32_t skipped;
    const void *x_end;
    const int32_t *table_end;
    int32_t zero, row[2]; /* row: factors of all channels, where they are the same */
} ts_dsp_job;

/* The parts of it that only some kernels are told. */
#define TS_DSP_CLAMP(wide) TS_DSP_CLAMP_(wide)
#define TS_DSP_CLAMP_(wide) TS_DSP_CLAMP_##wide
#define TS_DSP_CLAMP_0 0, 0
#define TS_DSP_CLAMP_1 room, back
#define TS_DSP_FACTORS(one) TS_DSP_FACTORS_(one)
#define TS_DSP_FACTORS_(one) TS_DSP_FACTORS_##one
#define TS_DSP_FACTORS_0 {0, 0}
#define TS_DSP_FACTORS_1 {multiplier, power}

/* The clamp of codegen/sets/_requantise.py, or that of int8. */
static inline int8_t ts_dsp_limited(int32_t y, const ts_dsp_job *job, int32_t clamped) {
    if (!clamped) {
        return (int8_t)ts_clamp(y, -128, 127);
    }
    return (int8_t)(uint8_t)(ts_clamp(ts_clamp(y, 0, 255) + (job->room & 255), 0, 255) + (job->back & 255));
}

/* A sum to int8 by a row of factors of codegen/sets/_requantise.py; mode 0: double, 1: positive, 2: single,
 * 3: onnx. */
static inline int8_t ts_dsp_scaled(
    int32_t sum, const int32_t *row, const ts_dsp_job *job, int32_t mode, int32_t clamped) {
    if (mode == 3) {
        float t = ts_f32((float)sum * ts_float_of((uint32_t)row[0]));
        t = ts_round(ts_at_most(ts_at_least(t, -1048576.0f), 1048576.0f));
        return ts_dsp_limited((int32_t)t + job->zero, job, clamped);
    }
    int64_t product = (int64_t)sum * ((int64_t)row[0] + ((int64_t)1 << 32));
    int64_t high = (product + (mode == 2 ? 0 : (int64_t)1 << 31)) >> 32;
    high += mode == 0 && high < 0 ? -1 : 0;
    int32_t y = (int32_t)((high * row[1] + ((int64_t)1 << 31)) >> 32) + job->zero;
    return ts_dsp_limited(y, job, clamped);
}

#endif
