/* Fully connected layer of int8 over one row, requantised: rounded twice. Arithmetic and table: ts_dsp_dense.inc. */
#include "ts_dsp.h"

#define TS_KERNEL ts_dsp_dense_double
#define TS_LAST ts_dsp_dense_double_last
#define TS_BLOCKS ts_dsp_dense_double_blocks
#define TS_MODE 0
#define TS_ONE 0
#define TS_WIDE 0
#include "ts_dsp_dense.inc"

void ts_dsp_dense_double(
    const int8_t *x, const int32_t *table, int8_t *y, int32_t depth, int32_t channels,
    int32_t zero) {
#include "ts_dsp_dense_body.inc"
}
