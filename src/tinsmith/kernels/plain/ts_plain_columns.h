/* Sums of products of columns of x with all rows of weights, requantised: the inside of convolutions and fully connected
 * layers. Weights are bytes, w + offset, 0..255, so that they are loaded with an offset and no sign (Thumb-1); four rows
 * lie interleaved, rows that are left over one by one. A sum is bias + sum of x * w = bias + sum of x * byte - offset * sum
 * of x; a zero point of x is in the bias. Sums are modulo 2^32 on the way and fit int32 in the end. */
#ifndef TS_PLAIN_COLUMNS_H
#define TS_PLAIN_COLUMNS_H

#include "ts_plain.h"

/* w: bytes as above; bias [out]; factors [out][2], or one pair for all: m, n - 1 (ts_plain_requantised), and how far the next
 * pair is, 2 or 0. */
typedef struct {
    const uint8_t *w;
    const int32_t *bias, *factors;
    int32_t next, depth, out, offset;
    ts_plain_result to;
} ts_plain_layer;

static inline int32_t ts_plain_dot(const int8_t *x, const uint8_t *w, int32_t depth) {
    int32_t sum = 0;
    for (int32_t k = 0; k < depth; k++) {
        sum += x[k] * w[k];
    }
    return sum;
}

#if TS_PLAIN_FEW_REGISTERS

#define TS_PLAIN_COLUMNS 1
#define TS_PLAIN_ROW(k, row, to) "ldrb r3, [r1, #(4 * " #k " + " #row ")]\n muls r3, r2\n add " #to ", r3\n"
#define TS_PLAIN_PLACE(k) \
    "ldrb r2, [r0, #" #k "]\n sxtb r2, r2\n" \
    TS_PLAIN_ROW(k, 0, r4) TS_PLAIN_ROW(k, 1, r5) TS_PLAIN_ROW(k, 2, r6) TS_PLAIN_ROW(k, 3, r7)

/* sums [4] of the column at x. */
TS_PLAIN_NAKED static void ts_plain_four(
    const int8_t *x TS_PLAIN_GIVEN, const uint8_t *w TS_PLAIN_GIVEN, int32_t depth TS_PLAIN_GIVEN,
    int32_t *sums TS_PLAIN_GIVEN, int32_t columns TS_PLAIN_GIVEN) {
    __asm__(".syntax unified\n push {r3, r4, r5, r6, r7, lr}\n"
            "movs r4, #0\n movs r5, #0\n movs r6, #0\n movs r7, #0\n"
            "lsrs r3, r2, #2\n lsls r3, r3, #2\n adds r3, r3, r0\n mov r12, r3\n adds r2, r2, r0\n mov lr, r2\n"
            "b 2f\n"
            "1:\n" TS_PLAIN_PLACE(0) TS_PLAIN_PLACE(1) TS_PLAIN_PLACE(2) TS_PLAIN_PLACE(3)
            "adds r0, #4\n adds r1, #16\n"
            "2: cmp r0, r12\n bne 1b\n"
            "b 4f\n"
            "3:\n" TS_PLAIN_PLACE(0) "adds r0, #1\n adds r1, #4\n"
            "4: cmp r0, lr\n bne 3b\n"
            "pop {r3}\n stmia r3!, {r4, r5, r6, r7}\n pop {r4, r5, r6, r7, pc}\n");
}

#else

/* One place of a column. The barrier keeps a compiler from working at many places at once, for which it has no registers. */
#define TS_PLAIN_ADD(value, a, b, c, d) \
    { \
        int32_t v = value; \
        a += v * p; \
        b += v * q; \
        c += v * r; \
        d += v * s; \
        __asm__("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d) : : "memory"); \
    }
#define TS_PLAIN_PLACE(k) \
    { \
        int32_t p = w[4 * (k)], q = w[4 * (k) + 1], r = w[4 * (k) + 2], s = w[4 * (k) + 3]; \
        TS_PLAIN_ADD(x[k], a, b, c, d) \
        TS_PLAIN_OTHERS(k) \
    }

#if defined(__thumb__) || defined(TS_PLAIN_ONE_COLUMN)

#define TS_PLAIN_COLUMNS 1
#define TS_PLAIN_NEXT(places) x += places, w += 4 * places
#define TS_PLAIN_OTHERS(k)

#else

#define TS_PLAIN_COLUMNS 3
#define TS_PLAIN_NEXT(places) x += places, second += places, third += places, w += 4 * places
#define TS_PLAIN_OTHERS(k) TS_PLAIN_ADD(second[k], e, f, g, h) TS_PLAIN_ADD(third[k], i, j, l, m)

#endif

/* sums [4] of the column at x, then, where there are several at a time, of those behind it; of so many columns. */
static TS_PLAIN_ALONE void ts_plain_four(
    const int8_t *x, const uint8_t *w, int32_t depth, int32_t *sums, int32_t columns) {
    int32_t a = 0, b = 0, c = 0, d = 0;
#if TS_PLAIN_COLUMNS == 3
    int32_t e = 0, f = 0, g = 0, h = 0, i = 0, j = 0, l = 0, m = 0;
    const int8_t *second = columns > 1 ? x + depth : x;
    const int8_t *third = columns > 2 ? second + depth : x;
#else
    (void)columns;
#endif
    for (const int8_t *end = x + (depth & ~3); x != end; TS_PLAIN_NEXT(4)) {
        TS_PLAIN_PLACE(0)
        TS_PLAIN_PLACE(1)
        TS_PLAIN_PLACE(2)
        TS_PLAIN_PLACE(3)
    }
    for (const int8_t *end = x + (depth & 3); x != end; TS_PLAIN_NEXT(1)) {
        TS_PLAIN_PLACE(0)
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
#if TS_PLAIN_COLUMNS == 3
    sums[4] = e;
    sums[5] = f;
    sums[6] = g;
    sums[7] = h;
    sums[8] = i;
    sums[9] = j;
    sums[10] = l;
    sums[11] = m;
#endif
}

#endif

#if !defined(TS_PLAIN_ONE_COLUMN)

/* Results of the rows of a column: y [count]. */
static inline void ts_plain_store(
    const int32_t *sums, int32_t less, const int32_t *bias, const int32_t *factors, int32_t next, int8_t *y, int32_t count,
    ts_plain_result to) {
    for (const int8_t *end = y + count; y != end; y++, factors += next) {
        *y = ts_plain_requantised(*bias++ + *sums++ - less, factors[0], factors[1], to);
    }
}

/* Results of the column at x, y [out], and of others behind it, at most TS_PLAIN_COLUMNS, at distances of depth in x and
 * of y_step in y. */
static void ts_plain_columns(const int8_t *x, int32_t columns, int8_t *y, int32_t y_step, const ts_plain_layer *layer) {
    int32_t depth = layer->depth;
    ts_plain_result result = layer->to;
    int32_t sums[4 * TS_PLAIN_COLUMNS];
    int32_t less[TS_PLAIN_COLUMNS] = {0};
    for (int32_t i = 0; i < columns; i++) {
        less[i] = layer->offset * ts_plain_sum(x + i * depth, depth);
    }
    const uint8_t *w = layer->w;
    const int32_t *bias = layer->bias;
    const int32_t *factors = layer->factors;
    int32_t count;
    for (int32_t left = layer->out; left > 0; left -= count) {
        count = left >= 4 ? 4 : 1;
        if (count == 4) {
            ts_plain_four(x, w, depth, sums, columns);
        } else {
            for (int32_t i = 0; i < columns; i++) {
                sums[4 * i] = ts_plain_dot(x + i * depth, w, depth);
            }
        }
        int8_t *to = y;
        for (int32_t i = 0; i < columns; i++, to += y_step) {
            ts_plain_store(sums + 4 * i, less[i], bias, factors, layer->next, to, count, result);
        }
        w += count * depth;
        bias += count;
        factors += count * layer->next;
        y += count;
    }
}

#endif

#endif
