/* Maximum of a window over each channel of NHWC pictures, int8, clamped. Without dilation. */
#include "ts_dsp_pool.h"

void ts_dsp_max_pool2d_int8(
    const int8_t *x, int8_t *y, int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t top, int32_t left, int32_t low, int32_t high) {
    uint32_t lows = (uint32_t)(low & 255) * 0x01010101u;
    uint32_t highs = (uint32_t)(high & 255) * 0x01010101u;
#define TS_WINDOW (void)0
#define TS_EIGHT(p) ts_largest8(p, &w, found)
#define TS_FOUR(p) (found[0] = ts_largest4(p, &w))
#define TS_BYTES(n) ts_within_bytes(found[n], lows, highs)
#define TS_ONE(p) ts_within(ts_largest1(p, &w), low, high)
#include "ts_dsp_pool.inc"
}
