/* Largest value of a window over each channel of NHWC pictures, of the places inside, int8, clamped. Without dilation. */
#include "ts_mve_pool.h"

static void results(const int8_t *x, int8_t *y, const ts_mve_part *part, const ts_mve_picture *p, int32_t low, int32_t high) {
    int32_t channels = p->channels, pitch = p->width * channels;
#if defined(__ARM_FEATURE_MVE)
    for (int32_t left = channels; left > 0; left -= 16) {
        mve_pred16_t some = vctp8q((uint32_t)left);
        int8x16_t found = vdupq_n_s8((int8_t)low);
        const int8_t *line = x;
        for (int32_t i = part->rows; i > 0; i--) {
            const int8_t *at = line;
            for (int32_t k = part->columns; k > 0; k--) {
                found = vmaxq_s8(found, vldrbq_z_s8(at, some));
                at += channels;
            }
            line += pitch;
        }
        vstrbq_p_s8(y, vminq_s8(found, vdupq_n_s8((int8_t)high)), some);
        x += 16;
        y += 16;
    }
#else
    for (int32_t c = 0; c < channels; c++) {
        int32_t found = low;
        for (int32_t i = 0; i < part->rows * part->columns; i++) {
            int32_t value = x[i / part->columns * pitch + i % part->columns * channels + c];
            found = value > found ? value : found;
        }
        y[c] = (int8_t)(found < high ? found : high);
    }
#endif
}

void ts_mve_max_pool2d_int8(
    const int8_t *x, int8_t *y, int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t top, int32_t left, int32_t low, int32_t high) {
#define TS_MVE_RESULTS(x, y, part) results(x, y, part, &picture, low, high)
#include "ts_mve_pool.inc"
}
