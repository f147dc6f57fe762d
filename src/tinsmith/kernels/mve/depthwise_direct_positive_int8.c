/* Convolution of each channel by itself over NHWC, int8, requantised, rounded twice, never to below the zero point, one result per
 * channel, at least eight channels, no borders: x is read where it lies.
 *
 * x [batch][height][width][channels], y [batch][rows][columns][channels]; w and factors: ts_mve_taps.h. */
#define TS_MVE_ROUNDING 2
#include "ts_mve_taps.h"

void ts_mve_depthwise_direct_positive_int8(
    const int8_t *x, const int8_t *w, const int32_t *factors, int8_t *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t zero, int32_t low, int32_t high) {
    ts_mve_taps taps = {w, channels, kernel_y, kernel_x, zero, low, high, dilation_x * channels};
    for (int32_t b = 0; b < batch; b++) {
        for (int32_t row = 0; row < rows; row++) {
            const int8_t *taken[TS_MVE_MOST_ROWS];
            for (int32_t ky = 0; ky < kernel_y; ky++) {
                taken[ky] = x + (row * stride_y + ky * dilation_y) * width * channels;
            }
            line(taken, stride_x * channels, columns, factors, y, &taps, kernel_y, kernel_x);
            y += columns * channels;
        }
        x += height * width * channels;
    }
}
