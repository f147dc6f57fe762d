/* Power of overlapping frames in bands of frequency, float32. Arguments and arithmetic: ts_stft_bands.inc. */
#include "ts_stft.h"

void ts_stft_bands_float32(const float *x, const float *window, const float *twiddles, const float *weights,
                           const int32_t *spans, float *y, float *work, int32_t frames, int32_t channels, int32_t start,
                           int32_t stride, int32_t length, int32_t n, int32_t bands, float emphasis, float floor) {
    typedef float value_type;
#define TS_SAMPLE(value, c) (value)
#include "ts_stft_bands.inc"
}
