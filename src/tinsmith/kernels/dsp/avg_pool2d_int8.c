/* Mean of a window of up to 256 places over each channel of NHWC pictures, of those inside, int8, halves upwards or (away -1) away from
 * zero, clamped. Without dilation. reciprocals: those of the numbers of places from fewest on (ts_dsp_pool.h). */
#include "ts_dsp_pool.h"

void ts_dsp_avg_pool2d_int8(
    const int8_t *x, const int32_t *reciprocals, int8_t *y, int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t top, int32_t left,
    int32_t fewest, int32_t away, int32_t low, int32_t high) {
    uint32_t lows = (uint32_t)(low & 255) * 0x01010101u;
    uint32_t highs = (uint32_t)(high & 255) * 0x01010101u;
    ts_mean mean;
#define TS_WINDOW ts_mean_set(&mean, w.rows * w.columns, reciprocals, fewest, away)
#define TS_EIGHT(p) ts_total8(p, &w, found)
#define TS_FOUR(p) ts_total4(p, &w, found)
#define TS_BYTES(n) ts_within_bytes(ts_means_of(found[2 * n], found[2 * n + 1], &mean), lows, highs)
#define TS_ONE(p) ts_within(ts_mean_of(ts_total1(p, &w), &mean), low, high)
#include "ts_dsp_pool.inc"
}
