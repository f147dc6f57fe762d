/* Convolution over NHWC, int8, requantised, rounded twice, to all values from the zero point -128 on, all channels in one group: what
 * windows see of x at two places is copied to scratch, x_zero where that is outside of x, before results are written there.
 * x [batch][height][width][channels], y [batch][rows][columns][out], scratch [2][depth], depth = kernel_y * kernel_x *
 * channels, up to a multiple of 16; the table (weights in order of ky, kx, c; 0 up to that multiple): ts_mve_pair.h. */
#define TS_MVE_ROUNDING 3
#include "ts_mve_pair.h"
#include "ts_mve_see.h"

void ts_mve_conv_relu_int8(
    const int8_t *x, const int32_t *table, int8_t *y, void *scratch,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t out, int32_t x_zero,
    int32_t zero, int32_t low, int32_t high) {
#include "ts_mve_conv.inc"
}
