/* Sums of products with packed weights on cores with the DSP extension, two places of x at a time.
 *
 * A word holds codes of four channels. Of either half the lowest TS_PACKED_BITS bits are the first channel's, and so on; halves
 * belong to two places of x, as SMLAD takes them. Four channels leave room for more: 2 bits hold two such groups, 1 bit four,
 * the lower first, each for the next two places. A mask takes one channel out of both halves, where it lies: its sum is 2 to
 * the power of so many bits times as large. Of 4 bits the highest is taken with all that lies below it, as int16 (its code is
 * signed, less 8), and the others' sums come off at the end.
 *
 * A weight is low + spacing * code, so a sum of products is spacing * (sum of x * code) + low * (sum of x). The file that
 * includes it says TS_PACKED_BITS (4, 2 or 1) and TS_MODE (0: double, 2: single, 3: onnx, of codegen/sets/_requantise.py). */
#ifndef TS_PACKED_DSP_H
#define TS_PACKED_DSP_H

#include "ts_dsp.h"

#define TS_ONE 0
#define TS_WIDE 1
#if TS_DSP_ASSEMBLY && (TS_MODE != 3 || defined(__ARM_FP))
#define TS_PACKED_ASSEMBLY 1
#else
#define TS_PACKED_ASSEMBLY 0
#endif

/* Of instructions: field(channel, mask) for each channel of a group whose code is taken by itself; and what a word does, from
 * its load on, first and second being what a group does at the places (0, 2) and (1, 3) of four. */
#if TS_PACKED_BITS == 4
#define TS_PACKED_MASKS(field) field(0, "0x000f000f") field(1, "0x00f000f0") field(2, "0x0f000f00")
#define TS_PACKED_GROUPS(load, first, second, shift) load first load second
#define TS_PACKED_TOP(field) field
#define TS_PACKED_SHIFT
#elif TS_PACKED_BITS == 2
#define TS_PACKED_MASKS(field) field(0, "0x00030003") field(1, "0x000c000c") field(2, "0x00300030") field(3, "0x00c000c0")
#define TS_PACKED_GROUPS(load, first, second, shift) load first shift second
#define TS_PACKED_TOP(field)
#define TS_PACKED_SHIFT "#8"
#else
#define TS_PACKED_MASKS(field) field(0, "0x00010001") field(1, "0x00020002") field(2, "0x00040004") field(3, "0x00080008")
#define TS_PACKED_GROUPS(load, first, second, shift) load first shift second shift first shift second
#define TS_PACKED_TOP(field)
#define TS_PACKED_SHIFT "#4"
#endif
/* Depths of a round: those of a word, four at least. */
#define TS_PACKED_ROUND (TS_PACKED_BITS == 1 ? 8 : 4)
#define TS_PACKED_ROUNDED(depth) (((depth) + TS_PACKED_ROUND - 1) & ~(TS_PACKED_ROUND - 1))

/* Sums of a group's channels brought to their size: a, b, c, d. */
#define TS_PACKED_OFF(sum, other) "sub " sum ", " sum ", " other "\n"
#define TS_PACKED_TEXT_OF(value) #value
#define TS_PACKED_TEXT(value) TS_PACKED_TEXT_OF(value)
#define TS_PACKED_DOWN(sum, channel) "asr " sum ", " sum ", #" channel "*" TS_PACKED_TEXT(TS_PACKED_BITS) "\n"
#define TS_PACKED_SIZED(a, b, c, d) \
    TS_PACKED_TOP(TS_PACKED_OFF(d, a) TS_PACKED_OFF(d, b) TS_PACKED_OFF(d, c)) \
    TS_PACKED_DOWN(b, "1") TS_PACKED_DOWN(c, "2") TS_PACKED_DOWN(d, "3")
/* sum * spacing (r12) + start + less */
#define TS_PACKED_WHOLE(sum, start, less) "mla " sum ", " sum ", r12, " start "\n add " sum ", " sum ", " less "\n"

/* Both halves of a word, with their signs. */
static inline uint32_t ts_packed_halves(uint32_t word, uint32_t sum) {
#if TS_DSP_ASSEMBLY
    uint32_t d;
    __asm__("smlad %0, %1, %2, %3" : "=r"(d) : "r"(word), "r"(0x00010001), "r"(sum));
    return d;
#else
    return ts_dsp_two(word, 0x00010001u, sum);
#endif
}

/* low * (sum of x), for codes as they are; and for those of the last channel of four. */
static inline int32_t ts_packed_usual(uint32_t sum, int32_t low) {
    return (int32_t)sum * low;
}

static inline int32_t ts_packed_last(uint32_t sum, int32_t low, int32_t spacing) {
    return (int32_t)sum * (TS_PACKED_BITS == 4 ? low + 8 * spacing : low);
}

#if !TS_PACKED_ASSEMBLY
/* What SMLAD takes of a word for a channel of one of its groups. */
static inline uint32_t ts_packed_taken(uint32_t word, int32_t group, int32_t channel) {
    uint32_t mask = ((1u << TS_PACKED_BITS) - 1u) * 0x00010001u;
    word >>= 4 * TS_PACKED_BITS * group;
    return TS_PACKED_BITS == 4 && channel == 3 ? word : word & mask << (TS_PACKED_BITS * channel);
}

/* The sum of channel k of four, each of which is so far from the next. */
static inline int32_t ts_packed_sized(const uint32_t *sums, int32_t k, int32_t apart) {
    uint32_t sum = sums[k * apart];
    if (TS_PACKED_BITS == 4 && k == 3) {
        sum -= sums[0] + sums[apart] + sums[2 * apart];
    }
    return (int32_t)sum >> (TS_PACKED_BITS * k);
}
#endif
#endif
