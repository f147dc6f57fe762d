/* Fully connected layer of one row, int8, requantised. x [depth], w and bias as in ts_plain_columns.h, y [out]. numbers: those of
 * ts_plain_told, then the factors. They lie in flash: as parameters a step would put each of them on the stack. */
#define TS_PLAIN_ONE_COLUMN
#include "ts_plain_columns.h"

/* next: as in ts_plain_layer. */
typedef struct {
    int32_t next, depth, out, offset;
    ts_plain_result to;
} ts_plain_told;

void ts_plain_dense_row_int8(const int8_t *x, const uint8_t *w, const int32_t *bias, const int32_t *numbers, int8_t *y) {
    const ts_plain_told *told = (const ts_plain_told *)(const void *)numbers;
    const int32_t *factors = numbers + sizeof(ts_plain_told) / sizeof(int32_t);
    int32_t less = told->offset * ts_plain_sum(x, told->depth);
    int32_t next = told->next, count;
    int32_t sums[4];
    for (int32_t left = told->out; left > 0; left -= count) {
        count = left >= 4 ? 4 : 1;
        if (count == 4) {
            ts_plain_four(x, w, told->depth, sums, 1);
        } else {
            sums[0] = ts_plain_dot(x, w, told->depth);
        }
        w += count * told->depth;
        const int32_t *sum = sums;
        for (const int8_t *end = y + count; y != end; y++, factors += next) {
            *y = ts_plain_requantised(*bias++ + *sum++ - less, factors[0], factors[1], told->to);
        }
    }
}
