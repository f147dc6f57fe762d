/* Fully connected layer of int8 over one row, requantised, rounded once; weights of four bits. x [depth], y [channels]; table:
 * ts_packed_dsp_dense.inc; row: a copy of x where depth is no multiple of a round; low, spacing: ts_packed_dsp.h. */
#define TS_PACKED_BITS 4
#define TS_MODE 2
#include "ts_packed_dsp_dense.inc"

void ts_packed_dsp_dense_4bit_single(
    const int8_t *x, const int32_t *table, int8_t *y, int8_t *row, int32_t depth, int32_t channels,
    int32_t zero, int32_t room, int32_t back, int32_t low, int32_t spacing) {
#include "ts_packed_dsp_dense_body.inc"
}
