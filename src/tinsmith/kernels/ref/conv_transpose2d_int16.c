/* Transposed convolution over NHWC, int16 with int8 weights to int64 sums. Arguments and arithmetic: ts_conv_transpose2d.inc;
 * |b| stays below 2^62. */
#include "ts_kernel.h"

void ts_conv_transpose2d_int16(
    const int16_t *x, const int8_t *w, const int64_t *b, int64_t *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t out, int32_t groups,
    int32_t x_zero, int32_t w_zero) {
    typedef int16_t value_type;
    typedef int8_t weight_type;
    typedef int64_t sum_type;
#define TS_TERM(value, weight) ((int64_t)((int32_t)(value) - x_zero) * ((int32_t)(weight) - w_zero))
#define TS_RESULT(i, o, sum) (y[i] = (sum))
#include "ts_conv_transpose2d.inc"
}
