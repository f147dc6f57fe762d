/* Windows over the channels of NHWC pictures, int8: where a window meets the picture. */
#ifndef TS_MVE_POOL_H
#define TS_MVE_POOL_H

#define TS_MVE_ROUNDING 1
#include "ts_mve.h"

typedef struct {
    int32_t height, width, channels, kernel_y, kernel_x;
} ts_mve_picture;

/* The part of a window that lies in a picture: its first place, rows, columns. */
typedef struct {
    int32_t first, rows, columns;
} ts_mve_part;

static inline ts_mve_part ts_mve_inside(const ts_mve_picture *p, int32_t y, int32_t x) {
    int32_t bottom = y + p->kernel_y < p->height ? y + p->kernel_y : p->height;
    int32_t right = x + p->kernel_x < p->width ? x + p->kernel_x : p->width;
    y = y > 0 ? y : 0;
    x = x > 0 ? x : 0;
    ts_mve_part part = {(y * p->width + x) * p->channels, bottom - y, right - x};
    return part;
}

#endif
