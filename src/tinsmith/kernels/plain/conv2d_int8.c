/* Convolution over NHWC, int8, requantised. Each place's window is copied to columns [2][kernel_y * kernel_x * depth] and
 * filled up with x's zero point where it hangs over the border; w, bias and factors (`count` pairs) as in
 * ts_plain_columns.h, group by group, of
 * `out` results each. x [batch][height][width][groups * depth], y [batch][rows][across][groups * out]; twice, sign, base,
 * span, high: ts_plain_result. */
#include "ts_plain_columns.h"
#include "ts_inside.h"

/* Where a window is: its picture, at the first channel of its group, and its first row and column. */
typedef struct {
    const int8_t *picture;
    int32_t from_y, from_x;
} ts_plain_place;

/* Sizes of windows and pictures. */
typedef struct {
    int32_t height, width, channels, depth, kernel_y, kernel_x, dilation_y, dilation_x;
} ts_plain_window;

static inline int8_t *ts_plain_fill(int8_t *to, int32_t bytes, int32_t value) {
    for (const int8_t *end = to + bytes; to != end;) {
        *to++ = (int8_t)value;
    }
    return to;
}

/* A window, its places inside x of a row of the kernel in one run where they lie together. */
static void ts_plain_gather(int8_t *to, const ts_plain_place *at, const ts_plain_window *window, int32_t zero) {
    int32_t along;
    int32_t before = ts_inside(at->from_x, window->kernel_x, window->dilation_x, window->width, &along);
    int32_t step = window->dilation_x * window->channels;
    int32_t together = step == window->depth ? along : 1;
    int32_t bytes = together * window->depth;
    for (int32_t ky = 0; ky < window->kernel_y; ky++) {
        int32_t py = at->from_y + ky * window->dilation_y;
        int32_t outside = py < 0 || py >= window->height ? 1 : 0;
        const int8_t *from = at->picture + (py * window->width + at->from_x) * window->channels + before * step;
        int32_t left = outside != 0 ? window->kernel_x : before;
        to = ts_plain_fill(to, left * window->depth, zero);
        for (int32_t k = 0; k < along && outside == 0; k += together, from += step) {
            const int8_t *value = from;
            for (const int8_t *end = to + bytes; to != end;) {
                *to++ = *value++;
            }
        }
        int32_t right = outside != 0 ? 0 : window->kernel_x - before - along;
        to = ts_plain_fill(to, right * window->depth, zero);
    }
}

void ts_plain_conv2d_int8(
    const int8_t *x, const uint8_t *w, const int32_t *bias, const int32_t *factors, int8_t *y, void *columns,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t across, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t out, int32_t groups, int32_t zero,
    int32_t count, int32_t offset, int32_t twice, int32_t sign, int32_t base, int32_t span, int32_t high) {
    int32_t depth = kernel_y * kernel_x * (channels / groups);
    ts_plain_window window = {height, width, channels, channels / groups, kernel_y, kernel_x, dilation_y, dilation_x};
    ts_plain_result ends = {(uint32_t)twice, sign, base, span, high};
    ts_plain_layer layer = {w, bias, factors, count > 1 ? 2 : 0, depth, out, offset, ends};
    int8_t *column = columns;
    for (int32_t group = 0; group < groups; group++) {
        ts_plain_place at = {x + group * window.depth, -top, -left};
        int32_t row = 0, ahead = across;
        int8_t *to = y + group * out;
        for (int32_t places = batch * rows * across; places > 0; places -= TS_PLAIN_COLUMNS) {
            int32_t some = places < TS_PLAIN_COLUMNS ? places : TS_PLAIN_COLUMNS;
            for (int32_t k = 0; k < some; k++) {
                ts_plain_gather(column + k * depth, &at, &window, zero);
                at.from_x += stride_x;
                ahead -= 1;
                if (ahead == 0) {
                    ahead = across;
                    at.from_x = -left;
                    at.from_y += stride_y;
                    row += 1;
                }
                if (row == rows) {
                    row = 0;
                    at.from_y = -top;
                    at.picture += height * width * channels;
                }
            }
            ts_plain_columns(column, some, to, groups * out, &layer);
            to += some * groups * out;
        }
        layer.w += out * depth;
        layer.bias += out;
        layer.factors += out * layer.next;
    }
}
