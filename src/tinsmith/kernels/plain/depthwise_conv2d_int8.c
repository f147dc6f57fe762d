/* Convolution of each channel by itself over NHWC, int8, requantised. Of each channel, a band of rows is copied to a plane
 * [band rows][pitch] of bytes x + 128, x's zero point around it; there, four windows at a time are multiplied by the
 * channel's weights. band: rows of results at a time. w [out][kernel_y][kernel_x] signed, bias [out] for x + 128,
 * factors [count][2]: m, n - 1, for each result or for all (ts_plain_requantised), out = channels * multiplier;
 * twice, sign, base, span, high: ts_plain_result. x [batch][height][width][channels],
 * y [batch][rows][across][out]. */
#include "ts_plain_planes.h"

#define TS_UNPACK(o)
#define TS_TAPS(o) (w + (o) * taps.weights)

void ts_plain_depthwise_conv2d_int8(
    const int8_t *x, const int8_t *w, const int32_t *bias, const int32_t *factors, int8_t *y, void *plane,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t across, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t multiplier, int32_t zero, int32_t band,
    int32_t count, int32_t twice, int32_t sign, int32_t base, int32_t span, int32_t high) {
#include "ts_plain_depthwise.inc"
}
