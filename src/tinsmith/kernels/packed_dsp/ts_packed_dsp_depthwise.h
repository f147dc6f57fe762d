/* Channels of a table for ts_dsp_depthwise3x3.h whose weights are packed, in three words: codes of 4 bits of nine
 * weights low + spacing * code, line by line, the first lowest, two lines in the first word and one in the second; above them,
 * from bit 24 on, the shift, and from bit 13 on what sums start at; then the multiplier. */
#ifndef TS_PACKED_DSP_DEPTHWISE_H
#define TS_PACKED_DSP_DEPTHWISE_H

#define TS_CHANNEL_LINES(to, plane, w, row) \
    (ts_lines3x3(to, plane, w, ts_packed_channel(unpacked, row, low_weight, spacing)), (row) + 3)
#include "ts_dsp_depthwise3x3.h"

/* The row of ts_dsp_depthwise3x3.h. */
static const ts_word *ts_packed_channel(ts_word *to, const ts_word *from, int32_t low, int32_t spacing) {
    uint32_t codes = from[0], start = from[1] >> 13;
    uint32_t above[3] = {from[0] >> 24 | start >> 16 << 5, start & 255u, start >> 8 & 255u};
    for (int32_t line = 0; line < 3; line++) {
        uint32_t made = above[line] << 24;
        codes = line == 2 ? from[1] : codes;
        for (int32_t tap = 0; tap < 3; tap++, codes >>= 4) {
            made |= ((uint32_t)(low + spacing * (int32_t)(codes & 15u)) & 255u) << (8 * tap);
        }
        to[line] = made;
    }
    to[3] = from[2];
    return to;
}

#endif
