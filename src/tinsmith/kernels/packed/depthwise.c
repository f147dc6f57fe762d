/* Convolution of each channel by itself over NHWC, int8, requantised, with packed weights: as ts_plain_depthwise.inc has it,
 * which see, each channel's weights low + spacing * code unpacked first. w: codes of so many bits [out][kernel_y][kernel_x],
 * one after the other, the first lowest in a word; taps_of: a channel's weights; plane: band of a channel. x
 * [batch][height][width][channels], y [batch][rows][across][out]. */
#include "ts_plain_planes.h"

/* Weights of `count` codes, from code `first` on. */
static void ts_packed_taps(
    int8_t *to, const uint32_t *w, int32_t first, int32_t count, int32_t bits, int32_t low, int32_t spacing) {
    uint32_t mask = (1u << bits) - 1u;
    int32_t at = first * bits;
    for (const int8_t *end = to + count; to != end; at += bits) {
        uint32_t code = (w[at >> 5] >> (at & 31)) & mask;
        *to++ = (int8_t)(low + spacing * (int32_t)code);
    }
}

#define TS_UNPACK(o) \
    ts_packed_taps(taps_of, (const uint32_t *)w, (o) * taps.weights, taps.weights, width_of, low, spacing);
#define TS_TAPS(o) taps_of

void ts_packed_depthwise(
    const int8_t *x, const int32_t *w, const int32_t *bias, const int32_t *factors, int8_t *y, void *plane, int8_t *taps_of,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t across, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t multiplier, int32_t zero, int32_t band,
    int32_t count, int32_t width_of, int32_t low, int32_t spacing,
    int32_t twice, int32_t sign, int32_t base, int32_t span, int32_t high) {
#include "ts_plain_depthwise.inc"
}
