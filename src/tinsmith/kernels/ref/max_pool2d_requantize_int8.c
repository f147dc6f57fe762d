/* Maximum of a window over each channel of NHWC pictures, int8, clamped, then requantised: ts_requantized of that less
 * y_zero with factor multiplier[o] * 2^(shift[o] - 31), or that of index 0 where factors is 1, to integers of so many
 * bytes each in y. Arguments and arithmetic: ts_max_pool2d.inc. */
#include "ts_fixed.h"

void ts_max_pool2d_requantize_int8(
    const int8_t *x, void *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t low, int32_t high,
    const int32_t *multiplier, const int32_t *shift, int32_t factors, int32_t zero, int32_t least, int32_t most,
    int32_t rounding, int32_t bytes, int32_t y_zero) {
    typedef int8_t value_type;
    uint8_t *to = y;
    int32_t each = factors > 1 ? 1 : 0;
#define TS_RESULT(i, o, best) \
    ts_store(to, i, \
             ts_requantized((int64_t)ts_clamp(best, low, high) - y_zero, multiplier[(o) * each], shift[(o) * each], zero, least, most, rounding), \
             bytes)
#include "ts_max_pool2d.inc"
}
