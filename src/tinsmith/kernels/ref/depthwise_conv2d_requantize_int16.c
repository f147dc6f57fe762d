/* Convolution of each channel by itself over NHWC, int16 with int8 weights to int64 sums, requantised: ts_requantized of
 * sum i with factor scale[o] * 2^(shift[o] - 31), or that of index 0 where factors is 1, to integers of so many
 * bytes each in y. Arguments and arithmetic: ts_depthwise_conv2d.inc; |b| stays below 2^62. */
#include "ts_fixed.h"

void ts_depthwise_conv2d_requantize_int16(
    const int16_t *x, const int8_t *w, const int64_t *b, void *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t multiplier,
    int32_t x_zero, int32_t w_zero,
    const int32_t *scale, const int32_t *shift, int32_t factors, int32_t zero, int32_t low, int32_t high,
    int32_t rounding, int32_t bytes) {
    typedef int16_t value_type;
    typedef int8_t weight_type;
    typedef int64_t sum_type;
    uint8_t *to = y;
    int32_t each = factors > 1 ? 1 : 0;
#define TS_TERM(value, weight) ((int64_t)((int32_t)(value) - x_zero) * ((int32_t)(weight) - w_zero))
#define TS_RESULT(i, o, sum) \
    ts_store(to, i, ts_requantized(sum, scale[(o) * each], shift[(o) * each], zero, low, high, rounding), bytes)
#include "ts_depthwise_conv2d.inc"
}
