/* Sum of two tensors of int8 with scales of their own, as (x * first >> 8) + (b * second >> 8) + middle, less one where that
 * is negative (away -1), + end, in steps of 2^-21 of the result's, then rounded down and clamped. The compiler has compared
 * that with its definition for every pair of values. x, b, y [n]; y may be x or b.
 * Source of the definition: TensorFlow Lite 8-bit quantization specification, operator ADD. */
#define TS_MVE_ROUNDING 1
#include "ts_mve.h"

typedef struct {
    int32_t first, second, middle, end, low, high;
} sum;

#if defined(__ARM_FEATURE_MVE)

TS_MVE_INLINE int32x4_t steps(int32x4_t x, int32x4_t b, const sum *s, int32_t away) {
    int32x4_t all = vaddq_s32(vmulhq_s32(x, vdupq_n_s32(s->first)), vmulhq_s32(b, vdupq_n_s32(s->second)));
    if (away) {
        all = vaddq_n_s32(all, s->middle);
        all = vaddq_s32(all, vshrq_n_s32(all, 31));
    }
    return vshrq_n_s32(vaddq_n_s32(all, s->end), 21);
}

TS_MVE_INLINE void sums(const int8_t *x, const int8_t *b, int8_t *y, int32_t n, const sum *s, int32_t away) {
    for (; n > 0; n -= 8) {
        mve_pred16_t some = vctp16q((uint32_t)n);
        int16x8_t p = vshlq_n_s16(vldrbq_z_s16(x, some), 8), q = vshlq_n_s16(vldrbq_z_s16(b, some), 8);
        int16x8_t all = vdupq_n_s16(0);
        all = vqmovnbq_s32(all, steps(vshllbq_n_s16(p, 16), vshllbq_n_s16(q, 16), s, away));
        all = vqmovntq_s32(all, steps(vshlltq_n_s16(p, 16), vshlltq_n_s16(q, 16), s, away));
        all = vminq_s16(vmaxq_s16(all, vdupq_n_s16((int16_t)s->low)), vdupq_n_s16((int16_t)s->high));
        vstrbq_p_s16(y, all, some);
        x += 8;
        b += 8;
        y += 8;
    }
}

#else

static void sums(const int8_t *x, const int8_t *b, int8_t *y, int32_t n, const sum *s, int32_t away) {
    for (int32_t i = 0; i < n; i++) {
        int32_t all = (int32_t)((int64_t)s->first * x[i] >> 8) + (int32_t)((int64_t)s->second * b[i] >> 8);
        if (away) {
            all += s->middle;
            all -= all < 0 ? 1 : 0;
        }
        y[i] = (int8_t)ts_clamp((all + s->end) >> 21, s->low, s->high);
    }
}

#endif

void ts_mve_add_int8(const int8_t *x, const int8_t *b, int8_t *y, int32_t n, int32_t first, int32_t second, int32_t middle,
                     int32_t away, int32_t end, int32_t low, int32_t high) {
    sum s = {first, second, middle, end, low, high};
    if (away) {
        sums(x, b, y, n, &s, 1);
    } else {
        sums(x, b, y, n, &s, 0);
    }
}
