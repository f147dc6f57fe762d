/* Distances of rows to points, float32: y[r][p] = sum over k of |x[r][k] - points[p][k]| (power 1) or its square (power 2),
 * in order of k. x [rows][features], points [count][features]. */
#include "ts_kernel.h"

void ts_distance_float32(const float *x, const float *points, float *y, int32_t rows, int32_t features, int32_t count,
                         int32_t power) {
    for (int32_t r = 0; r < rows; r++) {
        for (int32_t p = 0; p < count; p++) {
            float sum = 0.0f;
            for (int32_t k = 0; k < features; k++) {
                float d = x[r * features + k] - points[p * features + k];
                sum += power == 1 ? (d < 0.0f ? -d : d) : ts_f32(d * d);
            }
            y[r * count + p] = sum;
        }
    }
}
