/* What windows of a convolution see, as rows of bytes. */
#ifndef TS_MVE_SEE_H
#define TS_MVE_SEE_H

#include "ts_mve.h"

typedef struct {
    int32_t height, width, channels, kernel_y, kernel_x, dilation_y, dilation_x, x_zero;
} ts_mve_window;

/* What the window at (y, x) sees, to a patch. */
static inline void ts_mve_see(int8_t *to, const int8_t *picture, const ts_mve_window *v, int32_t y, int32_t x) {
    int32_t run = v->dilation_x == 1 ? v->kernel_x : 1; /* columns that lie side by side */
    for (int32_t ky = 0; ky < v->kernel_y; ky++) {
        int32_t py = y + ky * v->dilation_y;
        const int8_t *row = picture + py * v->width * v->channels;
        for (int32_t kx = 0; kx < v->kernel_x; kx += run) {
            int32_t px = x + kx * v->dilation_x;
            int32_t before = px < 0 ? -px : 0;
            int32_t behind = px + run > v->width ? px + run - v->width : 0;
            if (py < 0 || py >= v->height || before + behind >= run) {
                before = run;
                behind = 0;
            }
            int32_t inside = run - before - behind;
            ts_mve_fill(to, v->x_zero, before * v->channels);
            to += before * v->channels;
            ts_mve_copy(to, row + (px + before) * v->channels, inside * v->channels);
            to += inside * v->channels;
            ts_mve_fill(to, v->x_zero, behind * v->channels);
            to += behind * v->channels;
        }
    }
}

#endif
