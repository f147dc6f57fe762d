/* Fully connected, float32, one row: y[n] = b[n] + sum over k of x[k] * w[k][n], added in order of k. x [depth],
 * w [depth][channels], b and sums [channels]. */
#include "ts_kernel.h"

void ts_quick_dense_float32(const float *x, const float *w, const float *b, float *y, float *sums, int32_t depth,
                            int32_t channels) {
    for (int32_t n = 0; n < channels; n++) {
        sums[n] = b[n];
    }
    for (int32_t k = 0; k < depth; k++) {
        for (int32_t n = 0; n < channels; n++) {
            sums[n] += ts_f32(x[k] * w[k * channels + n]);
        }
    }
    for (int32_t n = 0; n < channels; n++) {
        y[n] = sums[n];
    }
}
