/* Requantisation on every sum of a range: the definition, written down once more, against what kernels compute: the text of
 * ts_fixed.h, and the two high products of codegen/sets/_requantise.py. Definition: a sum times multiplier / 2^31, rounded
 * to the nearest (halves upwards), divided by 2^right, rounded to the nearest (halves away from zero); or both at once,
 * halves upwards (gemmlowp, doc/quantization.md; TensorFlow Lite's 8-bit quantization specification). */
#include "ts_fixed.h"

typedef struct {
    int64_t first, last;
    int64_t multiplier, shift, zero, low, high;
    int64_t once;  /* rounded once, not twice */
    int64_t wrong; /* out: the first sum that differs */
} ts_sums;

static int64_t limited(int64_t y, const ts_sums *t) {
    return y < t->low ? t->low : (y > t->high ? t->high : y);
}

static int64_t defined(int64_t x, const ts_sums *t) {
    if (t->once) {
        int64_t half = (int64_t)1 << (30 - t->shift);
        return limited(((x * t->multiplier + half) >> (31 - t->shift)) + t->zero, t);
    }
    x = t->shift > 0 ? ts_saturate(x << t->shift) : x;
    int64_t once = (x * t->multiplier + ((int64_t)1 << 30)) >> 31;
    int64_t size = once < 0 ? -once : once;
    size = t->shift < 0 ? (size + ((int64_t)1 << (-t->shift - 1))) >> -t->shift : size;
    return limited((once < 0 ? -size : size) + t->zero, t);
}

static int64_t high_product(int64_t a, int64_t b, int64_t added, int64_t half) {
    return (int32_t)(uint32_t)(((uint64_t)a * (uint64_t)b + ((uint64_t)added << 32) + (uint64_t)half) >> 32);
}

static int64_t by_products(int64_t x, const ts_sums *t) {
    int64_t half = (int64_t)1 << 31;
    int64_t first = t->multiplier ? 2 * t->multiplier - 2 * half : -half;
    int64_t second = t->multiplier ? (int64_t)1 << (32 + t->shift) : 0;
    int64_t high = high_product(x, first, x, t->once ? 0 : half);
    high += t->once || t->low >= t->zero ? 0 : high >> 31;
    return limited(high_product(high, second, t->zero, half), t);
}

/* 1 where all are equal. */
int32_t ts_rounding(ts_sums *t) {
    int32_t m = (int32_t)t->multiplier, s = (int32_t)t->shift, zero = (int32_t)t->zero;
    int32_t low = (int32_t)t->low, high = (int32_t)t->high, way = t->once ? 1 : 0;
    for (int64_t x = t->first; x <= t->last; x++) {
        int64_t want = defined(x, t);
        if (ts_requantized(x, m, s, zero, low, high, way) != want || (s <= -2 && by_products(x, t) != want)) {
            t->wrong = x;
            return 0;
        }
    }
    return 1;
}
