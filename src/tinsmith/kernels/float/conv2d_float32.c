/* Convolution over NHWC, float32, and what follows it (ts_float_finish). Each place's window is copied to columns
 * [2][kernel_y * kernel_x * depth], zeros where it hangs over the border: they change no sum, as no weight is infinite or NaN
 * and no bias is -0. w as in ts_float_columns.h, group by group, of `out` results each. x [batch][height][width][groups *
 * depth], b [groups * out], y [batch][rows][across][groups * out]. */
#include "ts_float_columns.h"
#include "ts_inside.h"

/* Where a window is: its picture, at the first channel of its group, and its first row and column. */
typedef struct {
    const float *picture;
    int32_t from_y, from_x;
} ts_float_place;

/* Sizes of windows and pictures. */
typedef struct {
    int32_t height, width, channels, depth, kernel_y, kernel_x, dilation_y, dilation_x;
} ts_float_window;

#if TS_FLOAT_ASSEMBLER

/* Copies so many fours. */
TS_FLOAT_NAKED static void ts_float_copied_fours(
    float *to TS_FLOAT_GIVEN, const float *from TS_FLOAT_GIVEN, int32_t fours TS_FLOAT_GIVEN) {
    __asm__(".syntax unified\n push {r4, r5, r6, lr}\n cmp r2, #0\n beq 2f\n"
            "1: ldmia r1!, {r3, r4, r5, r6}\n stmia r0!, {r3, r4, r5, r6}\n subs r2, #1\n bne 1b\n"
            "2: pop {r4, r5, r6, pc}\n");
}

#endif

static inline float *ts_float_copied(float *to, const float *from, int32_t n) {
    int32_t i = 0;
#if TS_FLOAT_ASSEMBLER
    i = n / 4 * 4;
    ts_float_copied_fours(to, from, n / 4);
#endif
    for (; i < n; i++) {
        to[i] = from[i];
    }
    return to + n;
}

static inline float *ts_float_zeros(float *to, int32_t n) {
    for (const float *end = to + n; to != end;) {
        *to++ = 0.0f;
    }
    return to;
}

/* A window, its places inside x of a row of the kernel in one run where they lie together. */
static void ts_float_gather(float *to, const ts_float_place *at, const ts_float_window *window) {
    int32_t along;
    int32_t before = ts_inside(at->from_x, window->kernel_x, window->dilation_x, window->width, &along);
    int32_t step = window->dilation_x * window->channels;
    int32_t together = step == window->depth ? along : 1;
    for (int32_t ky = 0; ky < window->kernel_y; ky++) {
        int32_t py = at->from_y + ky * window->dilation_y;
        int32_t outside = py < 0 || py >= window->height ? 1 : 0;
        const float *from = at->picture + (py * window->width + at->from_x) * window->channels + before * step;
        int32_t left = outside != 0 ? window->kernel_x : before;
        to = ts_float_zeros(to, left * window->depth);
        for (int32_t k = 0; k < along && outside == 0; k += together, from += step) {
            to = ts_float_copied(to, from, together * window->depth);
        }
        int32_t right = outside != 0 ? 0 : window->kernel_x - before - along;
        to = ts_float_zeros(to, right * window->depth);
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
