/* Fully connected, int16 with int8 weights to int64 sums: y[m][n] = b[n] + sum over k of x[m][k] times w[n][k], each less
 * its zero point. x [rows][depth], w [channels][depth], b [channels]; |b| stays below 2^62. */
/* mutant: "depth + k] - x_zero" -> "depth + k] + x_zero" */
/* mutant: "depth + k] - w_zero" -> "depth + k] + w_zero" */
#include "ts_kernel.h"

void ts_dense_int16(const int16_t *x, const int8_t *w, const int64_t *b, int64_t *y,
                    int32_t rows, int32_t depth, int32_t channels, int32_t x_zero, int32_t w_zero) {
    for (int32_t m = 0; m < rows; m++) {
        for (int32_t n = 0; n < channels; n++) {
            int64_t sum = b[n];
            for (int32_t k = 0; k < depth; k++) {
                sum += (int64_t)((int32_t)x[m * depth + k] - x_zero) * ((int32_t)w[n * depth + k] - w_zero);
            }
            y[m * channels + n] = sum;
        }
    }
}
