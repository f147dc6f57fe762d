/* Fully connected layer, int8, requantised, with weights of four bits; also a convolution of 1 x 1, whose places are its rows.
 * x [rows][depth], w, bias and factors (`count` pairs) as in ts_packed_columns.h, y [rows][out]; row: a copy of a row of x,
 * padded; low, spacing: ts_packed.h; twice, sign, base, span, high: ts_plain_result. */
#define TS_PACKED_BITS 4
#include "ts_packed_columns.h"

void ts_packed_dense_4bit(
    const int8_t *x, const int32_t *w, const int32_t *bias, const int32_t *factors, int8_t *y, void *row,
    int32_t rows, int32_t depth, int32_t out, int32_t count, int32_t low, int32_t spacing,
    int32_t twice, int32_t sign, int32_t base, int32_t span, int32_t high) {
#include "ts_packed_dense.inc"
}
