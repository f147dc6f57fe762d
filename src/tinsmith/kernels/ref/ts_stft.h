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

/* The transform of ``half`` complex numbers in bit-reversed order. */
static inline void ts_stft_transform(const float *twiddles, float *re, float *im, int32_t half) {
    for (int32_t span = 1; span < half; span *= 2) {
        for (int32_t i = 0; i < half; i += 2 * span) {
            float r = re[i + span], m = im[i + span];
            re[i + span] = re[i] - r;
            im[i + span] = im[i] - m;
            re[i] += r;
            im[i] += m;
        }
        for (int32_t k = 1; k < span; k++) {
            const float *w = twiddles + 2 * (half / span) * k;
            float cosine = w[0], sine = w[1];
            for (int32_t i = k; i < half; i += 2 * span) {
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
