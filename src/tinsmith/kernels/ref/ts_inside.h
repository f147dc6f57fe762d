/* Which taps of a window lie inside a picture. */
#ifndef TS_INSIDE_H
#define TS_INSIDE_H

#include "ts_kernel.h"

/* First tap inside, and how many: of `kernel` taps from `from` on, `dilation` apart, in a picture of `size`. */
static inline int32_t ts_inside(int32_t from, int32_t kernel, int32_t dilation, int32_t size, int32_t *count) {
    int32_t first = 0;
    while (first < kernel && from + first * dilation < 0) {
        first++;
    }
    int32_t last = kernel;
    while (last > first && from + (last - 1) * dilation >= size) {
        last--;
    }
    *count = last - first;
    return first;
}

#endif
