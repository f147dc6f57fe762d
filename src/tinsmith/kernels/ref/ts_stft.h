/* Power spectra of real frames, float32, in place.
 *
 * Even samples are the real, odd ones the imaginary parts of n/2 complex numbers z [half][2]. Radix 2, decimation in time
 * (Cooley and Tukey, 1965), then both halves are told apart (Cooley, Lewis and Welch, 1970). twiddles [n/2][2] = cos and
 * -sin of 2 pi k / n, n a power of two, 8 or more. */
#ifndef TS_STFT_H
#define TS_STFT_H

#include "ts_float.h"

/* Brings complex numbers into bit-reversed order: ``reversed`` counts upwards from the highest bit. */
static inline void ts_stft_reverse(float *z, int32_t half) {
    for (int32_t i = 0, reversed = 0; i < half; i++) {
        if (i < reversed) {
            float re = z[2 * i], im = z[2 * i + 1];
            z[2 * i] = z[2 * reversed];
            z[2 * i + 1] = z[2 * reversed + 1];
            z[2 * reversed] = re;
            z[2 * reversed + 1] = im;
        }
        int32_t bit = half / 2;
        while (bit > 0 && (reversed & bit) != 0) {
            reversed -= bit;
            bit /= 2;
        }
        reversed += bit;
    }
}

/* The first two stages, four numbers at a time: factors 1 and -i. */
static inline void ts_stft_fours(float *z, int32_t half) {
    for (float *end = z + 2 * half; z < end; z += 8) {
        float sum_re = z[0] + z[2], rest_re = z[0] - z[2], next_re = z[4] + z[6], turned_re = z[4] - z[6];
        float sum_im = z[1] + z[3], rest_im = z[1] - z[3], next_im = z[5] + z[7], turned_im = z[5] - z[7];
        z[0] = sum_re + next_re;
        z[1] = sum_im + next_im;
        z[2] = rest_re + turned_im;
        z[3] = rest_im - turned_re;
        z[4] = sum_re - next_re;
        z[5] = sum_im - next_im;
        z[6] = rest_re - turned_im;
        z[7] = rest_im + turned_re;
    }
}

/* b is added to a and taken from it. */
static inline void ts_stft_pair(float *a, float *b, float re, float im) {
    b[0] = a[0] - re;
    b[1] = a[1] - im;
    a[0] += re;
    a[1] += im;
}

/* All stages over ``half`` complex numbers in bit-reversed order; factors 1 and -i are not multiplied with. */
static inline void ts_stft_transform(const float *twiddles, float *z, int32_t half) {
    float *end = z + 2 * half;
    ts_stft_fours(z, half);
    for (int32_t span = 4; span < half; span *= 2) {
        for (float *a = z; a < end; a += 4 * span) {
            float *b = a + 2 * span, *turned = b + span;
            ts_stft_pair(a, b, b[0], b[1]);
            ts_stft_pair(a + span, turned, turned[1], -turned[0]);
        }
        for (int32_t k = 1; k < span; k++) {
            const float *w = twiddles + 2 * (half / span) * k;
            float cosine = w[0], sine = w[1];
            for (float *a = 2 * k == span ? end : z + 2 * k; a < end; a += 4 * span) {
                float *b = a + 2 * span;
                float re = ts_f32(cosine * b[0]) - ts_f32(sine * b[1]);
                ts_stft_pair(a, b, re, ts_f32(cosine * b[1]) + ts_f32(sine * b[0]));
            }
        }
    }
}

static inline float ts_stft_square(float re, float im) {
    return ts_f32(re * re) + ts_f32(im * im);
}

/* Powers of bins 0..half of the real signal from its transform, in z [half + 1]. */
static inline void ts_stft_powers(const float *twiddles, float *z, int32_t half) {
    float first = z[0] + z[1], last = z[0] - z[1];
    z[half] = ts_stft_square(z[half], z[half + 1]); /* bin half / 2 */
    for (int32_t k = 1; k < half / 2; k++) {
        const float *w = twiddles + 2 * k;
        float *a = z + 2 * k, *b = z + 2 * (half - k);
        float even_re = a[0] + b[0], even_im = a[1] - b[1];
        float odd_re = a[1] + b[1], odd_im = b[0] - a[0];
        float tr = ts_f32(w[0] * odd_re) - ts_f32(w[1] * odd_im);
        float ti = ts_f32(w[0] * odd_im) + ts_f32(w[1] * odd_re);
        a[0] = 0.25f * ts_stft_square(even_re + tr, even_im + ti);
        b[0] = 0.25f * ts_stft_square(even_re - tr, even_im - ti);
    }
    z[0] = first * first;
    for (int32_t k = 1; k < half; k++) {
        z[k] = z[2 * k];
    }
    z[half] = last * last;
}

#endif
