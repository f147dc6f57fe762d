/* Mean of a window over each channel of NHWC pictures, int8, of the places inside x, at most 360 of them, halves away from
 * zero, clamped. The border is smaller than the window. x [batch][height][width][channels], y [batch][rows][columns][channels].
 * Source: TensorFlow Lite 8-bit quantization specification, AVERAGE_POOL_2D. */
#include "ts_plain.h"
#include "ts_inside.h"

/* (|sum| + count / 2) / count with the sum's sign, clamped. With r = ceil(2^24 / count), v * r / 2^24 is too large by less
 * than v / 2^24, which is below 1 / count for v < 129 * count and count <= 360; and v * r stays below 2^32. */
static inline int8_t ts_plain_mean(int32_t sum, int32_t count, uint32_t reciprocal, int32_t low, int32_t high) {
    int32_t sign = ts_plain_negative(sum);
    uint32_t v = (uint32_t)((sum ^ sign) - sign + count / 2);
    int32_t above = ((int32_t)(v * reciprocal >> 24) ^ sign) - sign - low;
    above &= ~ts_plain_negative(above);
    int32_t below = high - low - above;
    below &= ~ts_plain_negative(below);
    return (int8_t)(high - below);
}

void ts_plain_avg_pool2d_int8(
    const int8_t *x, int8_t *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t low, int32_t high) {
    int32_t count = 0;
    uint32_t reciprocal = 0;
#define TS_PLACE(inside) \
    if (inside != count) { \
        count = inside; \
        reciprocal = (0xFFFFFFu + (uint32_t)count) / (uint32_t)count; \
    }
#define TS_START 0
#define TS_TAKE(sum, value) sum += value;
#define TS_RESULT(sum) ts_plain_mean(sum, count, reciprocal, low, high)
#include "ts_plain_pool.inc"
}
