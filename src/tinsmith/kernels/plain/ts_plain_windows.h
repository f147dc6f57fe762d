/* Windows of a picture as columns. */
#ifndef TS_PLAIN_WINDOWS_H
#define TS_PLAIN_WINDOWS_H

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

#endif
