/* Mean of a window of up to 256 places over each channel of NHWC pictures, of those inside, int8, halves upwards or (away -1)
 * away from zero, clamped. Without dilation. reciprocals: 2^31 / n, rounded up, of the numbers of places from ``fewest`` on:
 * the upper word of its product with twice a number below 2^16 is that number's quotient. */
#include "ts_mve_pool.h"

typedef struct {
    int32_t reciprocal, base, away, low, high;
} mean;

#if defined(__ARM_FEATURE_MVE)

TS_MVE_INLINE uint32x4_t divided(uint32x4_t sums, const mean *m) {
    return vmulhq_u32(vshlq_n_u32(sums, 1), vdupq_n_u32((uint32_t)m->reciprocal));
}

/* Eight channels, or ``some``. */
TS_MVE_INLINE void eight(const int8_t *x, int8_t *y, const ts_mve_part *part, int32_t across, int32_t pitch, const mean *m,
                         mve_pred16_t some) {
    int16x8_t sums = vdupq_n_s16(0);
    for (int32_t i = part->rows; i > 0; i--) {
        const int8_t *at = x;
        for (int32_t k = part->columns; k > 0; k--) {
            sums = vaddq_s16(sums, vldrbq_z_s16(at, some));
            at += across;
        }
        x += pitch;
    }
    /* taken to 0 and above, where they fit 16 bits without a sign */
    int16x8_t less = vandq_s16(vshrq_n_s16(sums, 15), vdupq_n_s16((int16_t)m->away));
    uint16x8_t above = vreinterpretq_u16_s16(vaddq_s16(sums, less));
    above = vaddq_u16(above, vdupq_n_u16((uint16_t)m->base));
    uint16x8_t found = vdupq_n_u16(0);
    found = vmovnbq_u32(found, divided(vmovlbq_u16(above), m));
    found = vmovntq_u32(found, divided(vmovltq_u16(above), m));
    int16x8_t means = vsubq_n_s16(vreinterpretq_s16_u16(found), 128);
    means = vminq_s16(vmaxq_s16(means, vdupq_n_s16((int16_t)m->low)), vdupq_n_s16((int16_t)m->high));
    vstrbq_p_s16(y, means, some);
}

static void means(const int8_t *x, int8_t *y, const ts_mve_part *part, int32_t channels, int32_t width, const mean *m) {
    for (int32_t left = channels; left > 0; left -= 8) {
        eight(x, y, part, channels, width * channels, m, vctp16q((uint32_t)left));
        x += 8;
        y += 8;
    }
}

#else

static void means(const int8_t *x, int8_t *y, const ts_mve_part *part, int32_t channels, int32_t width, const mean *m) {
    for (int32_t c = 0; c < channels; c++) {
        int32_t sum = 0;
        for (int32_t i = 0; i < part->rows * part->columns; i++) {
            sum += x[(i / part->columns * width + i % part->columns) * channels + c];
        }
        uint32_t above = (uint32_t)(sum + m->base + (sum < 0 ? m->away : 0));
        int32_t found = (int32_t)((uint64_t)(2 * above) * (uint32_t)m->reciprocal >> 32);
        y[c] = (int8_t)ts_clamp(found - 128, m->low, m->high);
    }
}

#endif

static void results(const int8_t *x, int8_t *y, const ts_mve_part *part, const ts_mve_picture *p, const int32_t *reciprocals,
                    mean *m, int32_t away) {
    int32_t count = part->rows * part->columns;
    m->reciprocal = reciprocals[count];
    m->base = 128 * count + count / 2;
    m->away = (count & 1) != 0 ? 0 : away; /* with an odd count there are no halves */
    means(x, y, part, p->channels, p->width, m);
}

void ts_mve_avg_pool2d_int8(
    const int8_t *x, const int32_t *reciprocals, int8_t *y, int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t top, int32_t left, int32_t fewest, int32_t away, int32_t low, int32_t high) {
    mean m = {0, 0, 0, low, high};
#define TS_MVE_RESULTS(x, y, part) results(x, y, part, &picture, reciprocals - fewest, &m, away)
#include "ts_mve_pool.inc"
}
