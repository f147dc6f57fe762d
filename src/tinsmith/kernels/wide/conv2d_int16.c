/* Convolution over NHWC, int16 with int8 weights, to int64 sums that fit int32. Each place's window is copied to columns
 * [2][places], places = kernel_y * kernel_x * depth rounded up to a multiple of four, and filled up with x's zero point where
 * it hangs over the border; with direct not 0 a window is one place of x, and is read there. w as in ts_wide.h, group by
 * group, of `out` results each, a last odd one with itself; bias [groups * out rounded up to even]. x [batch][height][width]
 * [groups * depth], y [batch][rows][across][groups * out]. */
#include "ts_wide.h"

/* Where a window is: its picture, at the first channel of its group, and its first row and column. */
typedef struct {
    const int16_t *picture;
    int32_t from_y, from_x;
} ts_wide_place;

/* Sizes of windows and pictures. */
typedef struct {
    int32_t height, width, channels, depth, kernel_y, kernel_x, dilation_y, dilation_x;
} ts_wide_window;

static void ts_wide_gather(int16_t *to, const ts_wide_place *at, const ts_wide_window *window, int32_t zero) {
    for (int32_t ky = 0; ky < window->kernel_y; ky++) {
        int32_t py = at->from_y + ky * window->dilation_y;
        for (int32_t kx = 0; kx < window->kernel_x; kx++) {
            int32_t px = at->from_x + kx * window->dilation_x;
            const int16_t *end = to + window->depth;
            if (py >= 0 && py < window->height && px >= 0 && px < window->width) {
                const int16_t *from = at->picture + (py * window->width + px) * window->channels;
                while (to != end) {
                    *to++ = *from++;
                }
            }
            while (to != end) {
                *to++ = (int16_t)zero;
            }
        }
    }
}

/* Results y [out] of the column x and, at y + next, of the column z. */
static void ts_wide_columns(
    const int16_t *x, const int16_t *z, const int8_t *w, const int32_t *bias, int64_t *y, int32_t next, int32_t fours,
    int32_t out) {
    int64_t spare[4];
    if (out > 1) {
        ts_wide_task task = {fours, bias, y, y + next, out / 2};
        ts_wide_two(x, z, w, &task);
    }
    if (out % 2 != 0) {
        ts_wide_task task = {fours, bias + out - 1, spare, spare + 2, 1};
        ts_wide_two(x, z, w + out / 2 * 8 * fours, &task);
        y[out - 1] = spare[0];
        y[next + out - 1] = spare[2];
    }
}

void ts_wide_conv2d_int16(
    const int16_t *x, const int8_t *w, const int32_t *bias, int64_t *y, void *columns,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t across, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t out, int32_t groups, int32_t zero,
    int32_t direct) {
    int32_t fours = (kernel_y * kernel_x * (channels / groups) + 3) / 4;
    ts_wide_window window = {height, width, channels, channels / groups, kernel_y, kernel_x, dilation_y, dilation_x};
    int16_t *column = columns;
    int32_t places = batch * rows * across;
    for (int32_t k = 0; k < 8 * fours && direct == 0; k++) {
        column[k] = 0;
    }
    for (int32_t group = 0; group < groups; group++) {
        for (int32_t i = 0; i < places; i += 2) {
            int32_t other = i + 1 < places ? 1 : 0;
            const int16_t *first = direct != 0 ? x + i * channels : column;
            const int16_t *second = direct != 0 ? first + other * channels : column + other * 4 * fours;
            for (int32_t k = 0; k <= other && direct == 0; k++) {
                int32_t place = i + k;
                ts_wide_place at = {x + place / (rows * across) * height * width * channels + group * window.depth,
                                    place / across % rows * stride_y - top, place % across * stride_x - left};
                ts_wide_gather(column + k * 4 * fours, &at, &window, zero);
            }
            int64_t *to = y + (i * groups + group) * out;
            ts_wide_columns(first, second, w, bias, to, other * groups * out, fours, out);
        }
        w += (out + 1) / 2 * 8 * fours;
        bias += (out + 1) / 2 * 2;
    }
}
