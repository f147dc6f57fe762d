/* Power spectrum of real rows, float32, as kernels/ref/rfft_power_float32.c, for n of 8 or more: x [rows][n],
 * twiddles [n/2][2], of which the first is (1, 0) and that in the middle (near, -1); y [rows][n/2 + 1]; work [2 n].
 *
 * What is known is left out: products with 1, -1 and 0, imaginary parts that are 0, results of the last stage behind bin
 * n/2. That changes signs of zeros, of which squares know nothing, and it changes what is not finite: once a value is
 * infinite or NaN, so is one of the row's results here and there. Such a row is computed again, in full. */
#include "ts_float.h"
#include "ts_kernel.h"

#define TS_PLAIN_INFINITE 0x7F800000u

/* (re, im)[j] times w is added to (re, im)[i] and taken from it. */
static inline void ts_plain_butterfly(float *re, float *im, int32_t i, int32_t j, const float *w) {
    float tr = ts_f32(w[0] * re[j]) - ts_f32(w[1] * im[j]);
    float ti = ts_f32(w[0] * im[j]) + ts_f32(w[1] * re[j]);
    re[j] = re[i] - tr;
    im[j] = im[i] - ti;
    re[i] = re[i] + tr;
    im[i] = im[i] + ti;
}

/* The place behind one in bit-reversed order: counts upwards from the highest bit. */
static inline int32_t ts_plain_next(int32_t reversed, int32_t bit) {
    while (bit > 0 && (reversed & bit) != 0) {
        reversed -= bit;
        bit /= 2;
    }
    return reversed + bit;
}

/* All stages as they are written down. */
static inline void ts_plain_in_full(const float *x, const float *twiddles, float *y, float *re, int32_t n) {
    float *im = re + n;
    for (int32_t t = 0, reversed = 0; t < n; t++) {
        re[reversed] = x[t];
        im[reversed] = 0.0f;
        reversed = ts_plain_next(reversed, n / 2);
    }
    for (int32_t half = 1; half < n; half *= 2) {
        for (int32_t i = 0; i < n; i++) {
            if ((i & half) == 0) {
                ts_plain_butterfly(re, im, i, i + half, twiddles + n / half * (i & (half - 1)));
            }
        }
    }
    for (int32_t k = 0; k <= n / 2; k++) {
        y[k] = ts_f32(re[k] * re[k]) + ts_f32(im[k] * im[k]);
    }
}

/* The first two stages, of four samples each; their first imaginary parts stay 0 in all stages. */
static inline void ts_plain_fours(const float *x, float near, float *re, float *im, int32_t n) {
    int32_t quarter = n / 4;
    for (int32_t g = 0, at = 0; g < quarter; g++) {
        const float *from = x + at;
        float sum = from[0] + from[2 * quarter], odd = from[0] - from[2 * quarter];
        float rest = from[quarter] + from[3 * quarter], turned = from[quarter] - from[3 * quarter];
        float tr = ts_f32(near * turned);
        re[4 * g] = sum + rest;
        re[4 * g + 1] = odd + tr;
        re[4 * g + 2] = sum - rest;
        re[4 * g + 3] = odd - tr;
        im[4 * g] = 0.0f;
        im[4 * g + 1] = -turned;
        im[4 * g + 2] = 0.0f;
        im[4 * g + 3] = turned;
        at = ts_plain_next(at, quarter / 2);
    }
}

/* A stage between the second and the last. */
static inline void ts_plain_stage(const float *twiddles, float *re, float *im, int32_t n, int32_t half) {
    for (int32_t i = 0; i < n; i += 2 * half) {
        float a = re[i], b = re[i + half];
        re[i] = a + b;
        re[i + half] = a - b;
    }
    for (int32_t k = 1; k < half; k++) {
        const float w[2] = {twiddles[n / half * k], twiddles[n / half * k + 1]};
        for (int32_t i = k; i < n; i += 2 * half) {
            ts_plain_butterfly(re, im, i, i + half, w);
        }
    }
}

/* The last stage, as far as there are bins, and their squares; whether all are finite. */
static inline int32_t ts_plain_powers(const float *twiddles, const float *re, const float *im, float *y, int32_t half) {
    float first = re[0] + re[half], last = re[0] - re[half];
    y[0] = first * first;
    y[half] = last * last;
    int32_t finite = ts_bits_of(y[0]) < TS_PLAIN_INFINITE && ts_bits_of(y[half]) < TS_PLAIN_INFINITE;
    for (int32_t k = 1; k < half; k++) {
        const float *w = twiddles + 2 * k;
        float br = re[k + half], bi = im[k + half];
        float tr = re[k] + (ts_f32(w[0] * br) - ts_f32(w[1] * bi));
        float ti = im[k] + (ts_f32(w[0] * bi) + ts_f32(w[1] * br));
        y[k] = ts_f32(tr * tr) + ts_f32(ti * ti);
        finite &= ts_bits_of(y[k]) < TS_PLAIN_INFINITE;
    }
    return finite;
}

void ts_plain_rfft_power_float32(const float *x, const float *twiddles, float *y, float *work, int32_t rows, int32_t n) {
    for (int32_t r = 0; r < rows; r++) {
        float *re = work, *im = work + n;
        ts_plain_fours(x, twiddles[n / 2], re, im, n);
        for (int32_t half = 4; half < n / 2; half *= 2) {
            ts_plain_stage(twiddles, re, im, n, half);
        }
        if (!ts_plain_powers(twiddles, re, im, y, n / 2)) {
            ts_plain_in_full(x, twiddles, y, work, n);
        }
        x += n;
        y += n / 2 + 1;
    }
}
