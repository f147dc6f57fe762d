/* Fully connected layer, int8, requantised; also a convolution of 1 x 1, whose places are its rows. x [rows][depth],
 * w, bias and factors (`count` pairs) as in ts_plain_columns.h, y [rows][out]; twice, sign, base, span, high:
 * ts_plain_result. With unit not 0 rows are copied to columns [TS_PLAIN_COLUMNS][depth] first, in units of 1 or 4 bytes:
 * then y may be x. */
#include "ts_plain_columns.h"

static inline void ts_plain_copy(void *to, const void *from, int32_t bytes, int32_t unit) {
    if (unit == 4) {
        uint32_t *words = to;
        const uint32_t *end = words + bytes / 4;
        for (const uint32_t *word = from; words != end;) {
            *words++ = *word++;
        }
    } else {
        ts_copy(to, from, (size_t)bytes);
    }
}

void ts_plain_dense_int8(
    const int8_t *x, const uint8_t *w, const int32_t *bias, const int32_t *factors, int8_t *y, void *columns,
    int32_t unit, int32_t rows, int32_t depth, int32_t out, int32_t count, int32_t offset,
    int32_t twice, int32_t sign, int32_t base, int32_t span, int32_t high) {
    ts_plain_result to = {(uint32_t)twice, sign, base, span, high};
    ts_plain_layer layer = {w, bias, factors, count > 1 ? 2 : 0, depth, out, offset, to};
    for (; rows > 0; rows -= TS_PLAIN_COLUMNS) {
        int32_t some = rows < TS_PLAIN_COLUMNS ? rows : TS_PLAIN_COLUMNS;
        const int8_t *from = x;
        if (unit != 0) {
            ts_plain_copy(columns, x, some * depth, unit);
            from = columns;
        }
        ts_plain_columns(from, some, y, out, &layer);
        x += TS_PLAIN_COLUMNS * depth;
        y += TS_PLAIN_COLUMNS * out;
    }
}
