/* Fully connected layer of one row, int8, requantised. x [depth], w, bias and factors (`count` pairs) as in
 * ts_plain_columns.h, y [out]; twice, sign, base, span, high: ts_plain_result. */
#define TS_PLAIN_ONE_COLUMN
#include "ts_plain_columns.h"

void ts_plain_dense_row_int8(
    const int8_t *x, const uint8_t *w, const int32_t *bias, const int32_t *factors, int8_t *y,
    int32_t depth, int32_t out, int32_t count, int32_t offset,
    int32_t twice, int32_t sign, int32_t base, int32_t span, int32_t high) {
    ts_plain_result to = {(uint32_t)twice, sign, base, span, high};
    ts_plain_layer layer = {w, bias, factors, count > 1 ? 2 : 0, depth, out, offset, to};
    ts_plain_columns(x, 1, y, 0, &layer);
}
