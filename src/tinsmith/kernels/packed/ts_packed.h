/* What kernels with packed weights share. A weight is low + spacing * code with a code of TS_PACKED_BITS bits, so a sum of
 * products is spacing * (sum of x * code) + low * (sum of x). The file that includes it says TS_PACKED_BITS: 4, 2 or 1. */
#ifndef TS_PACKED_H
#define TS_PACKED_H

#include "ts_plain.h"

/* w: words of codes, in the order of the kernel; bias [out]; factors [out][2], or one pair for all: m, n - 1
 * (ts_plain_requantised), and how far the next pair is, 2 or 0; depth: that of w, a multiple of what a word holds. */
typedef struct {
    const uint32_t *w;
    const int32_t *bias, *factors;
    int32_t next, depth, out, low, spacing;
    ts_plain_result to;
} ts_packed_layer;

/* A column of x, which begins at a multiple of 4 where depth is one, padded with zeros to so many elements. */
static inline void ts_packed_copy(int8_t *to, const int8_t *x, int32_t depth, int32_t padded) {
    const int8_t *end = to + depth;
    if ((depth & 3) == 0) {
        for (; to != end; to += 4, x += 4) {
            *(uint32_t *)(void *)to = *(const uint32_t *)(const void *)x;
        }
    }
    while (to != end) {
        *to++ = *x++;
    }
    for (end += padded - depth; to != end;) {
        *to++ = 0;
    }
}

/* Result of a sum of x * code; less: low * (sum of x). */
static inline int8_t ts_packed_result(
    int32_t sum, int32_t less, const int32_t *bias, const int32_t *factors, const ts_packed_layer *layer) {
    return ts_plain_requantised(*bias + less + sum * layer->spacing, factors[0], factors[1], layer->to);
}

#endif
