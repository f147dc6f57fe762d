/* Channels of a table for ts_dsp_depthwise3x3.h whose weights are packed, in three words: codes of 4 bits of nine
 * weights low + spacing * code, line by line, the first lowest, two lines in the first word and one in the second; above them, from bit
 * 24 on, the shift, and from bit 13 on what sums start at; then the multiplier. */
#ifndef TS_PACKED_DSP_DEPTHWISE_H
#define TS_PACKED_DSP_DEPTHWISE_H

#define TS_CHANNEL(table, o) ts_packed_channel(unpacked, (table) + (o) * 3, low_weight, spacing)
#include "ts_dsp_depthwise3x3.h"

static const ts_word *ts_packed_channel(ts_word *to, const int32_t *from, int32_t low, int32_t spacing) {
    uint32_t codes = (uint32_t)from[0];
    to[0] = (uint32_t)((from[1] >> 13) * 2);
    to[1] = (uint32_t)from[2];
    for (int32_t line = 0; line < 3; line++) {
        uint32_t made = 0;
        codes = line == 2 ? (uint32_t)from[1] : codes;
        for (int32_t tap = 0; tap < 3; tap++, codes >>= 4) {
            made |= ((uint32_t)(low + spacing * (int32_t)(codes & 15u)) & 255u) << (8 * tap);
        }
        to[2 + line] = made;
    }
    to[2] |= (uint32_t)from[0] & 0xFF000000u;
    to[3] |= 1u << 24; /* sums are doubled once */
    return to;
}

#endif
