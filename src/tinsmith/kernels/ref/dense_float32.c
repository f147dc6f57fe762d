/* Fully connected, float32: y[m][n] = b[n] + sum over k of x[m][k] * w[n][k], added in order of k.
 * x [rows][depth], w [channels][depth], b [channels]. */
/* mutant: "sum = b[n]" -> "sum = -b[n]" */
#include "ts_kernel.h"

void ts_dense_float32(const float *x, const float *w, const float *b, float *y,
                      int32_t rows, int32_t depth, int32_t channels) {
    for (int32_t m = 0; m < rows; m++) {
        for (int32_t n = 0; n < channels; n++) {
            float sum = b[n];
            for (int32_t k = 0; k < depth; k++) {
                sum += ts_f32(x[m * depth + k] * w[n * depth + k]);
            }
            y[m * channels + n] = sum;
        }
    }
}
