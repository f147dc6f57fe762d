/* Convolution of each channel by itself over NHWC, int8 to int32 sums. Arguments and arithmetic: ts_depthwise_conv2d.inc;
 * |sum| stays below 2^31 for fewer than 33 000 products. */
#include "ts_kernel.h"

void ts_depthwise_conv2d_int8(
    const int8_t *x, const int8_t *w, const int32_t *b, int32_t *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t multiplier,
    int32_t x_zero, int32_t w_zero) {
    typedef int8_t value_type;
    typedef int8_t weight_type;
    typedef int32_t sum_type;
#define TS_TERM(value, weight) ((int32_t)((int32_t)(value) - x_zero) * ((int32_t)(weight) - w_zero))
#define TS_RESULT(i, o, sum) (y[i] = (sum))
#include "ts_depthwise_conv2d.inc"
}
