/* Fully connected layer, int8, requantised; also a convolution of 1 x 1, whose places are its rows. x [rows][depth],
 * w and table as in ts_plain_columns.h, y [rows][out]; twice, sign, base, span, high: ts_plain_result. */
#include "ts_plain_columns.h"

void ts_plain_dense_int8(
    const int8_t *x, const uint8_t *w, const int32_t *table, int8_t *y, int32_t rows, int32_t depth, int32_t out,
    int32_t offset, int32_t twice, int32_t sign, int32_t base, int32_t span, int32_t high) {
    ts_plain_layer layer = {w, table, depth, out, offset, {(uint32_t)twice, sign, base, span, high}};
    for (; rows > 0; rows -= TS_PLAIN_COLUMNS) {
        ts_plain_columns(x, rows < TS_PLAIN_COLUMNS ? rows : TS_PLAIN_COLUMNS, y, out, &layer);
        x += TS_PLAIN_COLUMNS * depth;
        y += TS_PLAIN_COLUMNS * out;
    }
}
