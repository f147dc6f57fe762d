/* Fully connected layer of int8 over one row, requantised: rounded once, with sums beyond 2^23 or pairs of weights that no
 * int16 holds. Arithmetic and table: ts_dsp_dense.inc. */
#include "ts_dsp.h"

#define TS_KERNEL ts_dsp_dense_single_wide
#define TS_LAST ts_dsp_dense_single_wide_last
#define TS_BLOCKS ts_dsp_dense_single_wide_blocks
#define TS_MODE 2
#define TS_ONE 0
#define TS_WIDE 1
#include "ts_dsp_dense.inc"

void ts_dsp_dense_single_wide(
    const int8_t *x, const int32_t *table, int8_t *y, int32_t depth, int32_t channels,
    int32_t zero, int32_t room, int32_t back) {
#include "ts_dsp_dense_body.inc"
}
