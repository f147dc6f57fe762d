/* Fully connected layer, float32, and what follows it (ts_float_finish); also a convolution of 1 x 1, whose places are its
 * rows. x [rows][depth], w as in ts_float_columns.h, b [out], y [rows][out]. */
#include "ts_float_columns.h"

void ts_float_dense_float32(
    const float *x, const float *w, const float *b, float *y, int32_t rows, int32_t depth, int32_t out, int32_t follows,
    float least, float most) {
    for (int32_t i = 0; i < rows; i += 2) {
        int32_t other = i + 1 < rows ? 1 : 0;
        ts_float_two(x + i * depth, x + (i + other) * depth, w, b, y + i * out, other * out, depth, out);
    }
    ts_float_finish(y, rows * out, follows, least, most);
}
