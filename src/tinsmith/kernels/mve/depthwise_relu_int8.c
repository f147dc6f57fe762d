/* Convolution of each channel by itself over NHWC, int8, requantised, rounded twice, to all values from the zero point -128 on, one result per
 * channel, at least four channels. Rows of x are kept in scratch, x_zero around them; each is read when the first results
 * need it, before they are written.
 *
 * x [batch][height][width][channels], y [batch][rows][columns][channels], w [channels][taps]: windows by columns, taps =
 * slots * columns of a window <= 16, slots = rows of a window, both with what dilation leaves out (0 there); turns
 * [slots][16]: if the first row of a window is in slot s, the tap that belongs to each byte of the window; factors of each
 * four channels (the last four, too, where channels are no multiple of four): what sums start at, multipliers, negative
 * shifts; scratch [channels][span][slots] and 16 bytes. */
#define TS_MVE_ROUNDING 3
#include "ts_mve_columns.h"

void ts_mve_depthwise_relu_int8(
    const int8_t *x, const int8_t *w, const int32_t *factors, const int8_t *turns, int8_t *y, void *scratch,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t stride_y, int32_t stride_x, int32_t top, int32_t left,
    int32_t slots, int32_t taps, int32_t span, int32_t x_zero, int32_t zero, int32_t low, int32_t high) {
#include "ts_mve_depthwise.inc"
}
