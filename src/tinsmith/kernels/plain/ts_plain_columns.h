/* Sums of products of columns of x with all rows of weights, requantised: the inside of convolutions and fully connected
 * layers. Weights are bytes, w + offset, 0..255, so that they are loaded with an offset and no sign (Thumb-1); four rows
 * lie interleaved, rows that are left over one by one. A sum is bias + sum of x * w = bias + sum of x * byte - offset * sum
 * of x; a zero point of x is in the bias. Sums are modulo 2^32 on the way and fit int32 in the end. */
#ifndef TS_PLAIN_COLUMNS_H
#define TS_PLAIN_COLUMNS_H

#include "ts_plain.h"

/* w: bytes as above; rows [out][3]: bias, m, n - 1 (ts_plain_requantised). */
typedef struct {
    const uint8_t *w;
    const int32_t *rows;
    int32_t depth, out, offset;
    ts_plain_result to;
} ts_plain_layer;

static inline int32_t ts_plain_sum(const int8_t *x, int32_t depth) {
    int32_t sum = 0;
    for (int32_t k = 0; k < depth; k++) {
        sum += x[k];
    }
    return sum;
}

static inline int32_t ts_plain_dot(const int8_t *x, const uint8_t *w, int32_t depth) {
    int32_t sum = 0;
    for (int32_t k = 0; k < depth; k++) {
        sum += x[k] * w[k];
    }
    return sum;
}

#if TS_PLAIN_FEW_REGISTERS

enum { TS_PLAIN_COLUMNS = 1 };

/* sums [4] of one column: accumulators in the high registers, which can be added to. */
static inline void ts_plain_four(const int8_t *x, int32_t step, const uint8_t *w, int32_t depth, int32_t *sums) {
    int32_t a = 0, b = 0, c = 0, d = 0, value, product;
    const int8_t *end = x + (depth & ~3);
    (void)step;
#define TS_PLAIN_ROW(k, row, to) \
    "ldrb %[t], [%[w], #(4 * " #k " + " #row ")]\n muls %[t], %[v], %[t]\n add %[" #to "], %[t]\n"
#define TS_PLAIN_ROWS(k) \
    "ldrb %[v], [%[x], #" #k "]\n sxtb %[v], %[v]\n" \
    TS_PLAIN_ROW(k, 0, a) TS_PLAIN_ROW(k, 1, b) TS_PLAIN_ROW(k, 2, c) TS_PLAIN_ROW(k, 3, d)
#define TS_PLAIN_LOOP(count, body) \
    __asm__(".syntax unified\n 1:\n" body \
            "adds %[x], #" #count "\n adds %[w], #(4 * " #count ")\n cmp %[x], %[end]\n bne 1b\n" \
            : [a] "+h"(a), [b] "+h"(b), [c] "+h"(c), [d] "+h"(d), [v] "=&l"(value), [t] "=&l"(product), \
              [x] "+l"(x), [w] "+l"(w) \
            : [end] "r"(end) : "cc", "memory")
    if (x != end) {
        TS_PLAIN_LOOP(4, TS_PLAIN_ROWS(0) TS_PLAIN_ROWS(1) TS_PLAIN_ROWS(2) TS_PLAIN_ROWS(3));
    }
    end += depth & 3;
    if (x != end) {
        TS_PLAIN_LOOP(1, TS_PLAIN_ROWS(0));
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

#else

#define TS_PLAIN_FOURTH(k) \
    { \
        int32_t v = x[k]; \
        TS_PLAIN_SECOND(k) \
        a += v * w[4 * (k)]; \
        b += v * w[4 * (k) + 1]; \
        c += v * w[4 * (k) + 2]; \
        d += v * w[4 * (k) + 3]; \
        __asm__("" ::: "memory"); /* or a compiler loads all there is at once, and has no registers left */ \
    }

#if defined(__thumb__)

enum { TS_PLAIN_COLUMNS = 1 };
#define TS_PLAIN_SECOND(k)

#else

enum { TS_PLAIN_COLUMNS = 2 };
#define TS_PLAIN_SECOND(k) \
    int32_t u = z[k]; \
    e += u * w[4 * (k)]; \
    f += u * w[4 * (k) + 1]; \
    g += u * w[4 * (k) + 2]; \
    h += u * w[4 * (k) + 3];

#endif

/* sums [4] of the column at x, then, where there are two at a time, of that at x + step. */
static inline void ts_plain_four(const int8_t *x, int32_t step, const uint8_t *w, int32_t depth, int32_t *sums) {
    int32_t a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
    const int8_t *z = x + step;
    for (const int8_t *end = x + (depth & ~3); x != end; x += 4, z += 4, w += 16) {
        TS_PLAIN_FOURTH(0)
        TS_PLAIN_FOURTH(1)
        TS_PLAIN_FOURTH(2)
        TS_PLAIN_FOURTH(3)
    }
    for (const int8_t *end = x + (depth & 3); x != end; x++, z++, w += 4) {
        TS_PLAIN_FOURTH(0)
    }
    int32_t made[8] = {a, b, c, d, e, f, g, h};
    for (int32_t i = 0; i < 4 * TS_PLAIN_COLUMNS; i++) {
        sums[i] = made[i];
    }
}

#endif

/* Results y [out] of the column at x and, where there are two at a time, at y + y_step of that at x + step. */
static void ts_plain_columns(const int8_t *x, int32_t step, int8_t *y, int32_t y_step, const ts_plain_layer *layer) {
    int32_t depth = layer->depth;
    int32_t sums[4 * TS_PLAIN_COLUMNS];
    int32_t less[TS_PLAIN_COLUMNS];
    for (int32_t i = 0; i < TS_PLAIN_COLUMNS; i++) {
        less[i] = layer->offset * ts_plain_sum(x + i * step, depth);
    }
    const uint8_t *w = layer->w;
    const int32_t *row = layer->rows;
    int32_t count;
    for (int32_t left = layer->out; left > 0; left -= count) {
        count = left >= 4 ? 4 : 1;
        if (count == 4) {
            ts_plain_four(x, step, w, depth, sums);
        } else {
            for (int32_t i = 0; i < TS_PLAIN_COLUMNS; i++) {
                sums[4 * i] = ts_plain_dot(x + i * step, w, depth);
            }
        }
        w += count * depth;
        for (int32_t r = 0; r < count; r++, row += 3, y++) {
            for (int32_t i = 0; i < TS_PLAIN_COLUMNS; i++) {
                y[i * y_step] = ts_plain_requantised(row[0] + sums[4 * i + r] - less[i], row, &layer->to);
            }
        }
    }
}

#endif
