/* Maximum of a window over each channel of NHWC pictures, int8, each result then replaced by that of a table of 256. Without dilation. */
#include "ts_dsp_pool.h"

void ts_dsp_max_pool2d_requantize_int8(
    const int8_t *x, int8_t *y, int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t top, int32_t left, const int8_t *after) {
#define TS_WINDOW (void)0
#define TS_EIGHT(p, found) \
    (ts_largest8(p, &w, found), found[0] = ts_looked_up(found[0], after), found[1] = ts_looked_up(found[1], after))
#define TS_FOUR(p) ts_looked_up(ts_largest4(p, &w), after)
#define TS_ONE(p) after[ts_largest1(p, &w) + 128]
#include "ts_dsp_pool.inc"
}
