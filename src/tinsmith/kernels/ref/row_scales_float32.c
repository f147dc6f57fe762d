/* Scales of rows, float32: for each row of x the step that brings it to 8 bits, its inverse and its zero point.
 * x [rows][n], y [rows][3]. Symmetric: m / 127, 127 / m, 0 with m the largest magnitude; asymmetric: (high - low) / 255,
 * 1 / step, and a whole number of -128..127. Rows
 * below 1e-30 give 1, 1, 0. NaN counts as 0, magnitudes as 1.5e38 at most.
 * Source: TensorFlow Lite, lite/kernels/internal/reference/portable_tensor_utils.cc. */
/* mutant: "v < low ? v" -> "v > low ? v" */
/* mutant: "128.0f - below < 127.0f + above" -> "128.0f - below > 127.0f + above" */
/* mutant: "rest >= 0.5f" -> "rest > 0.5f" */
#include "ts_float.h"

void ts_row_scales_float32(const float *x, float *y, int32_t rows, int32_t n, int32_t asymmetric) {
    for (int32_t r = 0; r < rows; r++) {
        float low = 0.0f;
        float high = 0.0f;
        for (int32_t i = 0; i < n; i++) {
            float v = x[r * n + i];
            low = v < low ? v : low;
            high = v > high ? v : high;
        }
        low = low < -1.5e38f ? -1.5e38f : low;
        high = high > 1.5e38f ? 1.5e38f : high;
        float step = 1.0f;
        float inverse = 1.0f;
        float zero = 0.0f;
        float most = -low > high ? -low : high;
        if (asymmetric != 0 && most >= 1e-30f) {
            step = ts_div(high - low, 255.0f);
            inverse = ts_div(1.0f, step);
            float below = ts_div(low, step);
            float above = ts_div(high, step);
            zero = 128.0f - below < 127.0f + above ? -128.0f - below : 127.0f - above;
            zero = zero < -128.0f ? -128.0f : (zero > 127.0f ? 127.0f : zero);
            float whole = (float)(int32_t)zero;
            float rest = zero - whole;
            zero = whole + (rest >= 0.5f ? 1.0f : 0.0f) - (rest <= -0.5f ? 1.0f : 0.0f);
        }
        if (asymmetric == 0 && most >= 1e-30f) {
            step = ts_div(most, 127.0f);
            inverse = ts_div(127.0f, most);
        }
        y[3 * r] = step;
        y[3 * r + 1] = inverse;
        y[3 * r + 2] = zero;
    }
}
