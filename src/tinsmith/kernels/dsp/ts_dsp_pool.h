/* Windows over the channels of NHWC pictures, int8, without dilation: where a window meets the picture, and what is done with four or eight
 * channels at a time. */
#ifndef TS_DSP_POOL_H
#define TS_DSP_POOL_H

#include "ts_dsp_rows.h"

/* The part of a window that lies in a picture: its first place, rows, columns, and bytes between rows and columns. */
typedef struct {
    int32_t first;
    int32_t rows;
    int32_t columns;
    int32_t row_step;
    int32_t column_step;
} ts_window;

static inline int32_t ts_least(int32_t a, int32_t b) {
    return a < b ? a : b;
}

static inline ts_window ts_window_at(
    int32_t y, int32_t x, int32_t height, int32_t width, int32_t channels, int32_t kernel_y, int32_t kernel_x) {
    int32_t top = y > 0 ? y : 0;
    int32_t left = x > 0 ? x : 0;
    const ts_window w = {(top * width + left) * channels, ts_least(y + kernel_y, height) - top,
                         ts_least(x + kernel_x, width) - left, width * channels, channels};
    return w;
}

/* The larger of each pair of bytes. */
static inline uint32_t ts_larger_bytes(uint32_t a, uint32_t b) {
#if TS_DSP_ASSEMBLY
    uint32_t d;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(d) : "r"(a), "r"(b) : "cc");
    return d;
#else
    uint32_t d = 0;
    for (int32_t k = 0; k < 32; k += 8) {
        int8_t p = (int8_t)(a >> k);
        int8_t q = (int8_t)(b >> k);
        d |= (uint32_t)(uint8_t)(p > q ? p : q) << k;
    }
    return d;
#endif
}

static inline uint32_t ts_smaller_bytes(uint32_t a, uint32_t b) {
#if TS_DSP_ASSEMBLY
    uint32_t d;
    __asm__("ssub8 %0, %2, %1\n\tsel %0, %1, %2" : "=&r"(d) : "r"(a), "r"(b) : "cc");
    return d;
#else
    return ~ts_larger_bytes(~a, ~b);
#endif
}

/* Halves of the sum plus bytes 0 and 2, or 1 and 3. */
TS_INSTRUCTION2(ts_add_even, "sxtab16 %0, %1, %2", a, b, ts_halves(TS_LOW(a) + (int8_t)b, TS_HIGH(a) + (int8_t)(b >> 16)))
TS_INSTRUCTION2(ts_add_odd, "sxtab16 %0, %1, %2, ror #8", a, b, ts_halves(TS_LOW(a) + (int8_t)(b >> 8), TS_HIGH(a) + (int8_t)(b >> 24)))

static inline uint32_t ts_four_bytes(const int8_t *p) {
    return *(const ts_word_anywhere *)(const void *)p;
}

static inline void ts_store_four(int8_t *p, uint32_t bytes) {
    *(ts_word_anywhere *)(void *)p = bytes;
}

static inline uint32_t ts_within_bytes(uint32_t x, uint32_t low, uint32_t high) {
    return ts_smaller_bytes(ts_larger_bytes(x, low), high);
}

/* Four bytes, each replaced by that of a table of 256, for -128 to 127. */
static inline uint32_t ts_looked_up(uint32_t x, const int8_t *table) {
    const uint8_t *t = (const uint8_t *)table;
    x ^= 0x80808080u;
    return (uint32_t)t[x & 255u] | (uint32_t)t[x >> 8 & 255u] << 8 | (uint32_t)t[x >> 16 & 255u] << 16 | (uint32_t)t[x >> 24] << 24;
}

static inline int32_t ts_largest1(const int8_t *p, const ts_window *w) {
    int32_t best = -128;
    for (int32_t i = 0; i < w->rows; i++) {
        for (int32_t k = 0; k < w->columns; k++) {
            best = (int32_t)(int8_t)ts_larger_bytes((uint32_t)best, (uint32_t)p[i * w->row_step + k * w->column_step]);
        }
    }
    return best;
}

static inline int32_t ts_total1(const int8_t *p, const ts_window *w) {
    int32_t total = 0;
    for (int32_t i = 0; i < w->rows; i++) {
        for (int32_t k = 0; k < w->columns; k++) {
            total += p[i * w->row_step + k * w->column_step];
        }
    }
    return total;
}

/* The largest values of four and of eight channels. */
static inline uint32_t ts_largest4(const int8_t *p, const ts_window *w) {
    uint32_t best = 0x80808080u;
    for (int32_t i = w->rows; i > 0; i--) {
        const int8_t *q = p;
        int32_t n = w->columns;
        do {
            best = ts_larger_bytes(best, ts_four_bytes(q));
            q += w->column_step;
        } while (--n != 0);
        p += w->row_step;
    }
    return best;
}

static inline void ts_largest8(const int8_t *p, const ts_window *w, uint32_t *found) {
    uint32_t best = 0x80808080u;
    uint32_t other = best;
    for (int32_t i = w->rows; i > 0; i--) {
        const int8_t *q = p;
        int32_t n = w->columns;
        do {
            best = ts_larger_bytes(best, ts_four_bytes(q));
            other = ts_larger_bytes(other, ts_four_bytes(q + 4));
            q += w->column_step;
        } while (--n != 0);
        p += w->row_step;
    }
    found[0] = best;
    found[1] = other;
}

/* Sums of four and of eight channels, as halves of words: of channels 0 and 2, 1 and 3, ...; up to 256 places. */
static inline void ts_total4(const int8_t *p, const ts_window *w, uint32_t *found) {
    uint32_t even = 0;
    uint32_t odd = 0;
    for (int32_t i = w->rows; i > 0; i--) {
        const int8_t *q = p;
        int32_t n = w->columns;
        do {
            uint32_t x = ts_four_bytes(q);
            even = ts_add_even(even, x);
            odd = ts_add_odd(odd, x);
            q += w->column_step;
        } while (--n != 0);
        p += w->row_step;
    }
    found[0] = even;
    found[1] = odd;
}

static inline void ts_total8(const int8_t *p, const ts_window *w, uint32_t *found) {
    uint32_t a = 0;
    uint32_t b = 0;
    uint32_t c = 0;
    uint32_t d = 0;
    for (int32_t i = w->rows; i > 0; i--) {
        const int8_t *q = p;
        int32_t n = w->columns;
        do {
            uint32_t x = ts_four_bytes(q);
            uint32_t next = ts_four_bytes(q + 4);
            a = ts_add_even(a, x);
            b = ts_add_odd(b, x);
            c = ts_add_even(c, next);
            d = ts_add_odd(d, next);
            q += w->column_step;
        } while (--n != 0);
        p += w->row_step;
    }
    found[0] = a;
    found[1] = b;
    found[2] = c;
    found[3] = d;
}

/* The mean of so many values from their sum, within [-128 * count, 127 * count]: reciprocal is 2^31 / count, rounded up, which gives the
 * exact quotient for counts up to 2896. base is 128 * count + count / 2; away is -1 where halves of negative values go down. */
typedef struct {
    uint32_t reciprocal;
    int32_t base;
    int32_t away;
} ts_mean;

static inline void ts_mean_set(ts_mean *m, int32_t count, const int32_t *reciprocals, int32_t fewest, int32_t away) {
    m->reciprocal = (uint32_t)reciprocals[count - fewest];
    m->base = 128 * count + count / 2;
    m->away = (count & 1) != 0 ? 0 : away;
}

static inline int32_t ts_mean_of(int32_t sum, const ts_mean *m) {
    uint32_t above = (uint32_t)(sum + m->base + ((sum >> 31) & m->away));
    return (int32_t)((uint64_t)(2 * above) * m->reciprocal >> 32) - 128;
}

static inline uint32_t ts_means_of(uint32_t even, uint32_t odd, const ts_mean *m) {
    uint32_t first = (uint32_t)ts_mean_of(TS_LOW(even), m) & 255u;
    uint32_t second = (uint32_t)ts_mean_of(TS_LOW(odd), m) & 255u;
    uint32_t third = (uint32_t)ts_mean_of(TS_HIGH(even), m) & 255u;
    uint32_t fourth = (uint32_t)ts_mean_of(TS_HIGH(odd), m);
    return first | second << 8 | third << 16 | fourth << 24;
}

#endif
