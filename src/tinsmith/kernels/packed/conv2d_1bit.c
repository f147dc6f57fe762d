/* Convolution over NHWC, int8, requantised, with weights of one bit. Each place's window is copied to a column, padded,
 * and filled up with x's zero point where it hangs over the border; w, bias and factors (`count` pairs) as in
 * ts_packed_columns.h, group by group, of `out` results each. x [batch][height][width][channels],
 * y [batch][rows][across][groups * out]; low, spacing: ts_packed.h; twice, sign, base, span, high: ts_plain_result. */
#define TS_PACKED_BITS 1
#include "ts_packed_columns.h"
#include "ts_plain_windows.h"

void ts_packed_conv2d_1bit(
    const int8_t *x, const int32_t *w, const int32_t *bias, const int32_t *factors, int8_t *y, void *columns,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t across, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t out, int32_t groups, int32_t zero,
    int32_t count, int32_t low, int32_t spacing, int32_t twice, int32_t sign, int32_t base, int32_t span, int32_t high) {
#include "ts_packed_conv2d.inc"
}
