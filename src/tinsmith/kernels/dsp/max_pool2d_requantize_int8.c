/* Maximum of a window over each channel of NHWC pictures, int8, each result then replaced by that of a table of 256. Without dilation. */
#include "ts_dsp_pool.h"

void ts_dsp_max_pool2d_requantize_int8(
    const int8_t *x, int8_t *y, int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t top, int32_t left, const int8_t *after) {
#define TS_WINDOW (void)0
#define TS_EIGHT(p) ts_largest8(p, &w, found)
#define TS_FOUR(p) (found[0] = ts_largest4(p, &w))
#define TS_BYTES(n) ts_looked_up(found[n], after)
#define TS_ONE(p) after[ts_largest1(p, &w) + 128]
#include "ts_dsp_pool.inc"
}
