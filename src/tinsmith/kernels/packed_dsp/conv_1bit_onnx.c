/* Convolution of int8, requantised, by a float32 factor; weights of one bit. x, y and geometry: ts_conv2d.inc; table:
 * ts_packed_dsp_conv.inc; memory: 16 bytes in front of scratch, which is as ts_dsp_patch.h has it; low, spacing:
 * ts_packed_dsp.h. Reads what two places need of x, then writes their results, and so on. */
#define TS_PACKED_BITS 1
#define TS_MODE 3
#include "ts_packed_dsp_conv.inc"

void ts_packed_dsp_conv_1bit_onnx(
    const int8_t *x, const int32_t *table, int8_t *y, void *memory,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t out, int32_t x_zero,
    int32_t band_rows, int32_t band_width, int32_t zero, int32_t room, int32_t back, int32_t low, int32_t spacing) {
    uint32_t *scratch = (uint32_t *)memory + 4;
#include "ts_dsp_conv_body.inc"
}
