/* Maximum of a window over each channel of NHWC pictures, float32. Arguments and arithmetic: ts_max_pool2d.inc. */
#include "ts_kernel.h"

void ts_max_pool2d_float32(
    const float *x, float *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left) {
    typedef float value_type;
#define TS_RESULT(i, o, best) (y[i] = (best))
#include "ts_max_pool2d.inc"
}
