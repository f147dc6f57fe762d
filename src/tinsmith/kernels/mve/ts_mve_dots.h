/* Four channels of one or two places: dot products of packed weights with bytes, requantised and stored.
 *
 * Weights lie in blocks of four channels: for each 16 depths 16 bytes of each channel, for the rest (depth % 16) as many
 * bytes of each; a vector may be read over the end of the table by up to 15 bytes. Factors: 12 words for each block. */
#ifndef TS_MVE_DOTS_H
#define TS_MVE_DOTS_H

#include "ts_mve.h"

typedef struct {
    int32_t depth, out, zero, low, high;
} ts_mve_layer;

#if defined(__ARM_FEATURE_MVE)

#define TS_MVE_FOUR(sums, x, w0, w1, w2, w3)  \
    sums[0] = vmladavaq_s8(sums[0], x, w0);   \
    sums[1] = vmladavaq_s8(sums[1], x, w1);   \
    sums[2] = vmladavaq_s8(sums[2], x, w2);   \
    sums[3] = vmladavaq_s8(sums[3], x, w3)

TS_MVE_INLINE void ts_mve_store(int8_t *y, const int32_t sums[4], const int32_t *factors, const ts_mve_layer *layer,
                                int32_t left) {
    int32x4_t all = {sums[0], sums[1], sums[2], sums[3]};
    all = vaddq_s32(all, vldrwq_s32(TS_MVE_BIAS(factors)));
    all = ts_mve_scaled(all, TS_MVE_MULTIPLIER(factors), TS_MVE_SHIFT(factors));
    all = vaddq_n_s32(all, layer->zero);
    all = vminq_s32(vmaxq_s32(all, vdupq_n_s32(layer->low)), vdupq_n_s32(layer->high));
    vstrbq_p_s32(y, all, vctp32q((uint32_t)left));
}

/* All channels of one place. */
TS_MVE_INLINE void ts_mve_place(const int8_t *x, const int8_t *w, const int32_t *factors, int8_t *y,
                                const ts_mve_layer *layer) {
    int32_t rest = layer->depth & 15;
    mve_pred16_t some = vctp8q((uint32_t)rest);
    for (int32_t o = 0; o < layer->out; o += 4) {
        const int8_t *in = x;
        int32_t sums[4] = {0, 0, 0, 0};
        for (int32_t k = layer->depth >> 4; k > 0; k--) {
            int8x16_t a = vldrbq_s8(in);
            TS_MVE_FOUR(sums, a, vldrbq_s8(w), vldrbq_s8(w + 16), vldrbq_s8(w + 32), vldrbq_s8(w + 48));
            in += 16;
            w += 64;
        }
        if (rest) {
            int8x16_t a = vldrbq_z_s8(in, some);
            TS_MVE_FOUR(sums, a, vldrbq_s8(w), vldrbq_s8(w + rest), vldrbq_s8(w + 2 * rest), vldrbq_s8(w + 3 * rest));
            w += 4 * rest;
        }
        ts_mve_store(y + o, sums, factors, layer, layer->out - o);
        factors += 12;
    }
}

/* All channels of two places of whole vectors of depths; ``x`` holds those of the first, then those of the second. */
TS_MVE_INLINE void ts_mve_places(const int8_t *x, const int8_t *w, const int32_t *factors, int8_t *y,
                                 const ts_mve_layer *layer) {
    int32_t vectors = layer->depth >> 4;
    for (int32_t left = layer->out; left > 0; left -= 4) {
        const int8_t *in = x;
        const int8_t *next = x + layer->depth;
        int32_t sums[4] = {0, 0, 0, 0};
        int32_t more[4] = {0, 0, 0, 0};
        for (int32_t k = vectors; k > 0; k--) {
            int8x16_t w0 = vldrbq_s8(w), w1 = vldrbq_s8(w + 16), w2 = vldrbq_s8(w + 32), w3 = vldrbq_s8(w + 48);
            int8x16_t a = vldrbq_s8(in), b = vldrbq_s8(next);
            TS_MVE_FOUR(sums, a, w0, w1, w2, w3);
            TS_MVE_FOUR(more, b, w0, w1, w2, w3);
            in += 16;
            next += 16;
            w += 64;
        }
        ts_mve_store(y, sums, factors, layer, left);
        ts_mve_store(y + layer->out, more, factors, layer, left);
        factors += 12;
        y += 4;
    }
}

#else

TS_MVE_INLINE void ts_mve_place(const int8_t *x, const int8_t *w, const int32_t *factors, int8_t *y,
                                const ts_mve_layer *layer) {
    int32_t whole = layer->depth & ~15;
    for (int32_t o = 0; o < layer->out; o++) {
        const int8_t *block = w + (o & ~3) * layer->depth;
        const int32_t *own = factors + (o >> 2) * 12 + (o & 3);
        int32_t rest = layer->depth - whole;
        uint32_t sum = (uint32_t)TS_MVE_BIAS(own)[0];
        for (int32_t k = 0; k < layer->depth; k++) {
            int32_t at = k < whole ? (k >> 4) * 64 + (o & 3) * 16 + (k & 15) : whole * 4 + (o & 3) * rest + k - whole;
            sum += (uint32_t)((int32_t)x[k] * block[at]);
        }
        int32_t scaled = ts_mve_scaled((int32_t)sum, TS_MVE_MULTIPLIER(own)[0], TS_MVE_SHIFT(own)[0]);
        y[o] = (int8_t)ts_clamp(scaled + layer->zero, layer->low, layer->high);
    }
}

TS_MVE_INLINE void ts_mve_places(const int8_t *x, const int8_t *w, const int32_t *factors, int8_t *y,
                                 const ts_mve_layer *layer) {
    ts_mve_place(x, w, factors, y, layer);
    ts_mve_place(x + layer->depth, w, factors, y + layer->out, layer);
}

#endif

#endif
