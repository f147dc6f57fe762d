/* Convolution of each channel by itself over NHWC, int8, requantised, rounded twice, never to below the zero point, one result per
 * channel, for windows of many taps or few channels. Rows of x that windows see are kept in scratch with their borders,
 * x_zero there; each is read when the first results need it, before they are written.
 *
 * x [batch][height][width][channels], y [batch][rows][columns][channels], lines [reach_y][span][channels] and 8 bytes,
 * reach_y = (kernel_y - 1) * dilation_y + 1; w and factors: ts_mve_taps.h. */
#define TS_MVE_ROUNDING 2
#include "ts_mve_taps.h"

void ts_mve_depthwise_pairs_positive_int8(
    const int8_t *x, const int8_t *w, const int32_t *factors, int8_t *y, void *scratch,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t span, int32_t x_zero,
    int32_t zero, int32_t low, int32_t high) {
#include "ts_mve_depthwise_pairs.inc"
}
