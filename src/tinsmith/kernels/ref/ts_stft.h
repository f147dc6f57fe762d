/* Power spectra of real frames, float32, in place.
 *
 * Even samples are the real, odd ones the imaginary parts of n/2 complex numbers. Radix 2, decimation in time (Cooley and
 * Tukey, 1965), then both halves are told apart (Cooley, Lewis and Welch, 1970). twiddles [n/2][2] = cos and -sin of
 * 2 pi k / n, n a power of two, 8 or more. */
#ifndef TS_STFT_H
#define TS_STFT_H

#include "ts_float.h"

/* The place behind one in bit-reversed order: counts upwards from the highest bit. */
static inline int32_t ts_stft_next(int32_t reversed, int32_t bit) {
    while (bit > 0 && (reversed & bit) != 0) {
        reversed -= bit;
        bit /= 2;
    }
    return reversed + bit;
}

/* The first two stages, four numbers at a time: factors 1 and -i. */
static inline void ts_stft_fours(float *re, float *im, int32_t half) {
    for (int32_t i = 0; i < half; i += 4) {
        float *r = re + i, *m = im + i;
        float sum_re = r[0] + r[1], rest_re = r[0] - r[1], next_re = r[2] + r[3], turned_re = r[2] - r[3];
        float sum_im = m[0] + m[1], rest_im = m[0] - m[1], next_im = m[2] + m[3], turned_im = m[2] - m[3];
        r[0] = sum_re + next_re;
        m[0] = sum_im + next_im;
        r[1] = rest_re + turned_im;
        m[1] = rest_im - turned_re;
        r[2] = sum_re - next_re;
        m[2] = sum_im - next_im;
        r[3] = rest_re - turned_im;
        m[3] = rest_im + turned_re;
    }
}

/* (re, im)[span] is added to (re, im)[0] and taken from it, here and for the next with factor -i. */
static inline void ts_stft_simple(float *re, float *im, int32_t span) {
    int32_t quarter = span / 2;
    float r = re[span], m = im[span];
    re[span] = re[0] - r;
    im[span] = im[0] - m;
    re[0] += r;
    im[0] += m;
    r = re[span + quarter];
    m = im[span + quarter];
    re[span + quarter] = re[quarter] - m;
    im[span + quarter] = im[quarter] + r;
    re[quarter] += m;
    im[quarter] -= r;
}

/* The transform of ``half`` complex numbers in bit-reversed order. */
static inline void ts_stft_transform(const float *twiddles, float *re, float *im, int32_t half) {
    ts_stft_fours(re, im, half);
    for (int32_t span = 4; span < half; span *= 2) {
        for (int32_t i = 0; i < half; i += 2 * span) {
            ts_stft_simple(re + i, im + i, span);
        }
        for (int32_t k = 1; k < span; k++) {
            const float *w = twiddles + 2 * (half / span) * k;
            float cosine = w[0], sine = w[1];
            for (int32_t i = 2 * k == span ? half : k; i < half; i += 2 * span) {
                int32_t j = i + span;
                float tr = ts_f32(cosine * re[j]) - ts_f32(sine * im[j]);
                float ti = ts_f32(cosine * im[j]) + ts_f32(sine * re[j]);
                re[j] = re[i] - tr;
                im[j] = im[i] - ti;
                re[i] += tr;
                im[i] += ti;
            }
        }
    }
}

static inline float ts_stft_square(float re, float im) {
    return ts_f32(re * re) + ts_f32(im * im);
}

/* Powers of bins 0..half of the real signal from its transform: re and im [half], which lies behind re. Bin k takes the
 * place of real part k, and the last that of the first imaginary part. */
static inline void ts_stft_powers(const float *twiddles, float *re, int32_t half) {
    float *im = re + half;
    float first = re[0] + im[0], last = re[0] - im[0];
    re[0] = first * first;
    im[0] = last * last;
    re[half / 2] = ts_stft_square(re[half / 2], im[half / 2]);
    for (int32_t k = 1; k < half / 2; k++) {
        const float *w = twiddles + 2 * k;
        int32_t j = half - k;
        float even_re = re[k] + re[j], even_im = im[k] - im[j];
        float odd_re = im[k] + im[j], odd_im = re[j] - re[k];
        float tr = ts_f32(w[0] * odd_re) - ts_f32(w[1] * odd_im);
        float ti = ts_f32(w[0] * odd_im) + ts_f32(w[1] * odd_re);
        re[k] = 0.25f * ts_stft_square(even_re + tr, even_im + ti);
        re[j] = 0.25f * ts_stft_square(even_re - tr, even_im - ti);
    }
}

#endif
