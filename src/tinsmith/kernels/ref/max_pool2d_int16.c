/* Maximum of a window over each channel of NHWC pictures, int16, clamped. Arguments and arithmetic: ts_max_pool2d.inc. */
#include "ts_kernel.h"

void ts_max_pool2d_int16(
    const int16_t *x, int16_t *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t low, int32_t high) {
    typedef int16_t value_type;
#define TS_RESULT(i, o, best) (y[i] = (int16_t)ts_clamp(best, low, high))
#include "ts_max_pool2d.inc"
}
