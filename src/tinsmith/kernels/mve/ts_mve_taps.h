/* Lines of convolutions of single channels: eight channels of two places at a time. Products of two taps are added in 16
 * bits, which hold them, as the tables' author has made sure.
 *
 * w [kernel_y * kernel_x][channels] (with less than eight channels, may be read up to 7 bytes over its end). Factors of each
 * eight channels, the last eight where less are left: what sums start at, of the even channels, of the odd ones, their
 * multipliers, their negative shifts. */
#ifndef TS_MVE_TAPS_H
#define TS_MVE_TAPS_H

#include "ts_mve.h"

#define TS_MVE_MOST_ROWS 32 /* of a window */

typedef struct {
    const int8_t *w;
    int32_t channels, kernel_y, kernel_x, zero, low, high;
    int32_t across; /* from a tap of a row to the next, in bytes */
} ts_mve_taps;

/* The first of the eight channels that are computed when so many are done: the last eight again where less are left. */
TS_MVE_INLINE int32_t ts_mve_eight_from(int32_t done, int32_t channels) {
    return done + 8 > channels && channels >= 8 ? channels - 8 : done;
}

#if defined(__ARM_FEATURE_MVE)

typedef struct {
    int32x4_t even, odd;
} ts_mve_sums;

TS_MVE_INLINE ts_mve_sums added(ts_mve_sums sums, int16x8_t products) {
    sums.even = vaddq_s32(sums.even, vmovlbq_s16(products));
    sums.odd = vaddq_s32(sums.odd, vmovltq_s16(products));
    return sums;
}

TS_MVE_INLINE void stored(int8_t *y, ts_mve_sums sums, const int32_t *factors, const ts_mve_taps *t, mve_pred16_t some) {
    int16x8_t all = vdupq_n_s16(0);
    all = vqmovnbq_s32(all, ts_mve_scaled(sums.even, factors + 8, factors + 16));
    all = vqmovntq_s32(all, ts_mve_scaled(sums.odd, factors + 12, factors + 20));
    all = vqaddq_n_s16(all, (int16_t)t->zero);
    all = vmaxq_s16(all, vdupq_n_s16((int16_t)t->low));
    all = vminq_s16(all, vdupq_n_s16((int16_t)t->high));
    vstrbq_p_s16(y, all, some);
}

/* Eight channels of one place or of two, ``apart`` bytes from each other in x. */
TS_MVE_INLINE void some(const int8_t *const *lines, int32_t at, int32_t apart, int32_t c, const int32_t *factors, int8_t *y,
                        int32_t both, const ts_mve_taps *t, int32_t kernel_y, int32_t kernel_x) {
    ts_mve_sums one = {vldrwq_s32(factors), vldrwq_s32(factors + 4)}, other = one;
    const int8_t *w = t->w + c;
    for (int32_t ky = 0; ky < kernel_y; ky++) {
        const int8_t *x = lines[ky] + at;
        int32_t kx = 0;
        for (; kx + 1 < kernel_x; kx += 2) {
            int16x8_t first = vldrbq_s16(w), second = vldrbq_s16(w + t->channels);
            const int8_t *next = x + t->across;
            int16x8_t p = vmulq_s16(vldrbq_s16(x), first);
            one = added(one, vaddq_s16(p, vmulq_s16(vldrbq_s16(next), second)));
            if (both) {
                int16x8_t q = vmulq_s16(vldrbq_s16(x + apart), first);
                other = added(other, vaddq_s16(q, vmulq_s16(vldrbq_s16(next + apart), second)));
            }
            w += 2 * t->channels;
            x = next + t->across;
        }
        if (kx < kernel_x) {
            int16x8_t first = vldrbq_s16(w);
            one = added(one, vmulq_s16(vldrbq_s16(x), first));
            if (both) {
                other = added(other, vmulq_s16(vldrbq_s16(x + apart), first));
            }
            w += t->channels;
        }
    }
    mve_pred16_t live = vctp16q((uint32_t)(t->channels - c));
    stored(y, one, factors, t, live);
    if (both) {
        stored(y + t->channels, other, factors, t, live);
    }
}

TS_MVE_INLINE void line(const int8_t *const *lines, int32_t step, int32_t columns, const int32_t *factors, int8_t *y,
                        const ts_mve_taps *t, int32_t kernel_y, int32_t kernel_x) {
    for (int32_t done = 0; done < t->channels; done += 8) {
        int32_t c = ts_mve_eight_from(done, t->channels), at = c;
        int8_t *to = y + c;
        for (int32_t left = columns >> 1; left > 0; left--) {
            some(lines, at, step, c, factors, to, 1, t, kernel_y, kernel_x);
            at += 2 * step;
            to += 2 * t->channels;
        }
        if (columns & 1) {
            some(lines, at, step, c, factors, to, 0, t, kernel_y, kernel_x);
        }
        factors += 24;
    }
}

#else

TS_MVE_INLINE void line(const int8_t *const *lines, int32_t step, int32_t columns, const int32_t *factors, int8_t *y,
                        const ts_mve_taps *t, int32_t kernel_y, int32_t kernel_x) {
    for (int32_t place = 0; place < columns * t->channels; place++) {
        int32_t c = place % t->channels, at = place / t->channels * step + c;
        int32_t lane = c - ts_mve_eight_from(c & ~7, t->channels);
        const int32_t *own = factors + (c >> 3) * 24 + (lane & 1) * 4 + (lane >> 1);
        uint32_t sum = (uint32_t)own[0];
        for (int32_t k = 0; k < kernel_y * kernel_x; k++) {
            int32_t value = lines[k / kernel_x][at + k % kernel_x * t->across];
            sum += (uint32_t)(value * t->w[k * t->channels + c]);
        }
        int32_t scaled = ts_mve_scaled((int32_t)sum, own[8], own[16]);
        y[place] = (int8_t)ts_clamp(scaled + t->zero, t->low, t->high);
    }
}

#endif

#endif
