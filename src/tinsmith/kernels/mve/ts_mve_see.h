/* What windows of a convolution see, as rows of bytes. */
#ifndef TS_MVE_SEE_H
#define TS_MVE_SEE_H

#include "ts_mve.h"

typedef struct {
    int32_t height, width, channels, kernel_y, kernel_x, dilation_y, dilation_x, x_zero;
    int32_t bytes;          /* of what a window sees */
    int32_t last_y, last_x; /* of windows that lie in x as a whole */
} ts_mve_window;

/* Runs of bytes that lie ``pitch`` apart, to where they lie ``stride`` apart. */
TS_MVE_INLINE void ts_mve_runs(int8_t *to, int32_t stride, const int8_t *from, int32_t pitch, int32_t runs, int32_t bytes) {
#if defined(__ARM_FEATURE_MVE)
    if (bytes <= 16) {
        mve_pred16_t some = vctp8q((uint32_t)bytes);
        for (; runs > 0; runs--) {
            vstrbq_p_s8(to, vldrbq_z_s8(from, some), some);
            to += stride;
            from += pitch;
        }
        return;
    }
#endif
    for (; runs > 0; runs--) {
        ts_mve_copy(to, from, bytes);
        to += stride;
        from += pitch;
    }
}

/* The taps from -> to of a window's axis that see something: a tap is at ``at`` + tap * dilation. */
TS_MVE_INLINE int32_t ts_mve_first(int32_t at, int32_t dilation) {
    int32_t tap = 0;
    for (; at < 0; at += dilation) {
        tap++;
    }
    return tap;
}

TS_MVE_INLINE int32_t ts_mve_end(int32_t at, int32_t dilation, int32_t taps, int32_t size) {
    for (at += (taps - 1) * dilation; taps > 0 && at >= size; at -= dilation) {
        taps--;
    }
    return taps;
}

/* What the window at (y, x) sees, to a patch. */
TS_MVE_APART void ts_mve_see(int8_t *to, const int8_t *picture, const ts_mve_window *v, int32_t y, int32_t x) {
    int32_t top = 0, left = 0, rows = v->kernel_y, columns = v->kernel_x;
    if (y < 0 || x < 0 || y > v->last_y || x > v->last_x) {
        top = ts_mve_first(y, v->dilation_y);
        left = ts_mve_first(x, v->dilation_x);
        rows = ts_mve_end(y, v->dilation_y, rows, v->height) - top;
        columns = ts_mve_end(x, v->dilation_x, columns, v->width) - left;
        ts_mve_fill(to, v->x_zero, v->bytes);
        if (columns <= 0) {
            return;
        }
    }
    int32_t pitch = v->width * v->channels, line = v->kernel_x * v->channels;
    const int8_t *from = picture + (y + top * v->dilation_y) * pitch + (x + left * v->dilation_x) * v->channels;
    to += top * line + left * v->channels;
    if (v->dilation_x == 1) {
        ts_mve_runs(to, line, from, pitch * v->dilation_y, rows, columns * v->channels);
        return;
    }
    for (; columns > 0; columns--) {
        ts_mve_runs(to, line, from, pitch * v->dilation_y, rows, v->channels);
        to += v->channels;
        from += v->dilation_x * v->channels;
    }
}

#endif
