/* Convolution of int8, requantised: rounded twice and clamped at the zero point or above, with sums beyond 2^23 or pairs of
 * weights that no int16 holds. x, y and geometry: ts_conv2d.inc; arithmetic and table: ts_dsp_conv.inc; scratch:
 * ts_dsp_patch.h. Reads what two places need of x, then writes their results, and so on. */
#include "ts_dsp_patch.h"

#define TS_BLOCK ts_dsp_conv_positive_wide_block
#define TS_MODE 1
#define TS_ONE 0
#define TS_WIDE 1
#include "ts_dsp_conv.inc"

void ts_dsp_conv_positive_wide(
    const int8_t *x, const int32_t *table, int8_t *y, void *scratch,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t out, int32_t x_zero,
    int32_t band_rows, int32_t band_width, int32_t zero, int32_t room, int32_t back) {
#include "ts_dsp_conv_body.inc"
}
