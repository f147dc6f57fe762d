/* Convolution over NHWC, float32, then x where x > 0, else +0 (also for NaN). Arguments and arithmetic: ts_conv2d.inc. */
#include "ts_kernel.h"

void ts_conv2d_relu_float32(
    const float *x, const float *w, const float *b, float *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t out, int32_t groups) {
    typedef float value_type;
    typedef float weight_type;
    typedef float sum_type;
#define TS_TERM(value, weight) ts_f32((value) * (weight))
#define TS_RESULT(i, o, sum) (y[i] = ts_rectified(sum))
#include "ts_conv2d.inc"
}
