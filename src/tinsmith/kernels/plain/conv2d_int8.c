/* Convolution over NHWC, int8, requantised. Each place's window is copied to columns [2][kernel_y * kernel_x * depth] and
 * filled up with x's zero point where it hangs over the border; w, bias and factors (`count` pairs) as in
 * ts_plain_columns.h, group by group, of
 * `out` results each. x [batch][height][width][groups * depth], y [batch][rows][across][groups * out]; twice, sign, base,
 * span, high: ts_plain_result. */
#include "ts_plain_columns.h"
#include "ts_plain_windows.h"

#define TS_TOGETHER TS_PLAIN_COLUMNS
#define TS_COLUMNS ts_plain_columns
#define TS_OF_ROWS(count) ((count) * depth)

void ts_plain_conv2d_int8(
    const int8_t *x, const uint8_t *w, const int32_t *bias, const int32_t *factors, int8_t *y, void *columns,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t across, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t out, int32_t groups, int32_t zero,
    int32_t count, int32_t offset, int32_t twice, int32_t sign, int32_t base, int32_t span, int32_t high) {
    int32_t depth = kernel_y * kernel_x * (channels / groups);
    ts_plain_window window = {height, width, channels, channels / groups, kernel_y, kernel_x, dilation_y, dilation_x};
    ts_plain_result ends = {(uint32_t)twice, sign, base, span, high};
    ts_plain_layer layer = {w, bias, factors, count > 1 ? 2 : 0, depth, out, offset, ends};
#include "ts_plain_conv2d.inc"
}
