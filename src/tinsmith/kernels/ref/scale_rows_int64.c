/* Sums of rows back to float32: y[r][i] = x[r][i] * (step of r * factor[c]) + bias[c], c = i mod channels, x saturated to
 * int32. x [rows][n], scales [rows][3] = step, ..., factor [factors], bias [channels], y [rows][n]; channels divides n,
 * factors is 1 or channels. */
#include "ts_kernel.h"

void ts_scale_rows_int64(const int64_t *x, const float *scales, const float *factor, const float *bias, float *y,
                         int32_t rows, int32_t n, int32_t channels, int32_t factors) {
    for (int32_t r = 0; r < rows; r++) {
        for (int32_t i = 0; i < n; i++) {
            int32_t c = i % channels;
            int64_t sum = x[r * n + i];
            sum = sum < INT32_MIN ? INT32_MIN : (sum > INT32_MAX ? INT32_MAX : sum);
            float step = ts_f32(scales[3 * r] * factor[factors > 1 ? c : 0]);
            y[r * n + i] = ts_f32((float)(int32_t)sum * step) + bias[c];
        }
    }
}
