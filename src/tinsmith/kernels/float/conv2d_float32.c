/* Convolution over NHWC, float32, and what follows it (ts_float_finish). Each place's window is copied to columns
 * [2][kernel_y * kernel_x * depth], zeros where it hangs over the border: they change no sum, as no weight is infinite or NaN
 * and no bias is -0. w as in ts_float_columns.h, group by group, of `out` results each. x [batch][height][width][groups *
 * depth], b [groups * out], y [batch][rows][across][groups * out]. */
#include "ts_float_columns.h"

/* Where a window is: its picture, at the first channel of its group, and its first row and column. */
typedef struct {
    const float *picture;
    int32_t from_y, from_x;
} ts_float_place;

/* Sizes of windows and pictures. */
typedef struct {
    int32_t height, width, channels, depth, kernel_y, kernel_x, dilation_y, dilation_x;
} ts_float_window;

static void ts_float_gather(float *to, const ts_float_place *at, const ts_float_window *window) {
    for (int32_t ky = 0; ky < window->kernel_y; ky++) {
        int32_t py = at->from_y + ky * window->dilation_y;
        for (int32_t kx = 0; kx < window->kernel_x; kx++) {
            int32_t px = at->from_x + kx * window->dilation_x;
            const float *end = to + window->depth;
            if (py >= 0 && py < window->height && px >= 0 && px < window->width) {
                const float *from = at->picture + (py * window->width + px) * window->channels;
                while (to != end) {
                    *to++ = *from++;
                }
            }
            while (to != end) {
                *to++ = 0.0f;
            }
        }
    }
}

void ts_float_conv2d_float32(
    const float *x, const float *w, const float *b, float *y, void *columns,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t across, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t out, int32_t groups, int32_t follows,
    float least, float most) {
    int32_t depth = kernel_y * kernel_x * (channels / groups);
    ts_float_window window = {height, width, channels, channels / groups, kernel_y, kernel_x, dilation_y, dilation_x};
    float *column = columns;
    int32_t places = batch * rows * across;
    for (int32_t group = 0; group < groups; group++) {
        for (int32_t i = 0; i < places; i += 2) {
            int32_t other = i + 1 < places ? 1 : 0;
            for (int32_t k = 0; k <= other; k++) {
                int32_t place = i + k;
                ts_float_place at = {x + place / (rows * across) * height * width * channels + group * window.depth,
                                     place / across % rows * stride_y - top, place % across * stride_x - left};
                ts_float_gather(column + k * depth, &at, &window);
            }
            float *to = y + (i * groups + group) * out;
            ts_float_two(column, column + depth, w, b + group * out, to, other * groups * out, depth, out);
        }
        w += out * depth;
    }
    ts_float_finish(y, places * groups * out, follows, least, most);
}
