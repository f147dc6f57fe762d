/* Fully connected layer of int8 over one row, requantised: rounded once, with one factor for all channels. Arithmetic and
 * table: ts_dsp_dense.inc. */
#include "ts_dsp.h"

#define TS_KERNEL ts_dsp_dense_single_one
#define TS_LAST ts_dsp_dense_single_one_last
#define TS_BLOCKS ts_dsp_dense_single_one_blocks
#define TS_MODE 2
#define TS_ONE 1
#define TS_WIDE 0
#include "ts_dsp_dense.inc"

void ts_dsp_dense_single_one(
    const int8_t *x, const int32_t *table, int8_t *y, int32_t depth, int32_t channels,
    int32_t zero, int32_t multiplier, int32_t power) {
#include "ts_dsp_dense_body.inc"
}
