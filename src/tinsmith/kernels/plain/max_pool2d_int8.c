/* Largest value of a window over each channel of NHWC pictures, int8, of the places inside x, clamped. The border is smaller
 * than the window. x [batch][height][width][channels], y [batch][rows][columns][channels]. */
#include "ts_plain.h"
#include "ts_inside.h"

static inline int8_t ts_plain_at_most(int32_t x, int32_t high) {
    int32_t below = high - x;
    return (int8_t)(high - (below & ~ts_plain_negative(below)));
}

void ts_plain_max_pool2d_int8(
    const int8_t *x, int8_t *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t low, int32_t high) {
#define TS_PLACE(inside)
#define TS_START low
#define TS_TAKE(best, value) \
    { \
        int32_t more = value - best; \
        best += more & ~ts_plain_negative(more); \
    }
#define TS_RESULT(best) ts_plain_at_most(best, high)
#include "ts_plain_pool.inc"
}
