/* Softmax, float32: y[r][i] = e^(x[r][i] - m) / sum over k of e^(x[r][k] - m), m the row's maximum, the sum in order of k.
 * x, y [rows][n]. */
#include "ts_float.h"

void ts_softmax_float32(const float *x, float *y, int32_t rows, int32_t n) {
    for (int32_t r = 0; r < rows; r++) {
        const float *in = x + r * n;
        float *out = y + r * n;
        float top = in[0];
        for (int32_t i = 1; i < n; i++) {
            top = top < in[i] ? in[i] : top;
        }
        float sum = 0.0f;
        for (int32_t i = 0; i < n; i++) {
            out[i] = ts_exp(in[i] - top);
            sum += out[i];
        }
        for (int32_t i = 0; i < n; i++) {
            out[i] = ts_div(out[i], sum);
        }
    }
}
