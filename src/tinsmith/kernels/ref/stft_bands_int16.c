/* Power of overlapping frames of raw int16 readings in bands of frequency. scale [period] in units per step, one for all
 * channels or one each. Other arguments and arithmetic: ts_stft_bands.inc. */
#include "ts_stft.h"

void ts_stft_bands_int16(const int16_t *x, const float *window, const float *twiddles, const float *weights,
                         const int32_t *spans, const float *scale, float *y, float *work, int32_t frames,
                         int32_t channels, int32_t start, int32_t stride, int32_t length, int32_t n, int32_t bands,
                         float emphasis, float floor, int32_t period) {
    typedef int16_t value_type;
#define TS_SAMPLE(value, c) ts_f32((float)(value) * scale[period == 1 ? 0 : (c)])
#include "ts_stft_bands.inc"
}
