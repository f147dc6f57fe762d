/* Power spectrum of real rows, float32: y[r][k] = |sum over t of x[r][t] * e^(-2 pi i k t / n)|^2, k = 0..n/2.
 * x [rows][n], n a power of two, 4 or more; twiddles [n/2][2] = cos and -sin of 2 pi k / n; y [rows][n/2 + 1];
 * work [2 n]: real parts, then imaginary parts. Radix 2, decimation in time (Cooley and Tukey, 1965). */
#include "ts_kernel.h"

void ts_rfft_power_float32(const float *x, const float *twiddles, float *y, float *work,
                           int32_t rows, int32_t n) {
    float *re = work;
    float *im = work + n;
    for (int32_t r = 0; r < rows; r++) {
        for (int32_t t = 0, reversed = 0; t < n; t++) {
            re[reversed] = x[r * n + t];
            im[reversed] = 0.0f;
            int32_t bit = n / 2; /* counts upwards from the highest bit */
            while (bit > 0 && (reversed & bit) != 0) {
                reversed -= bit;
                bit /= 2;
            }
            reversed += bit;
        }
        for (int32_t half = 1; half < n; half *= 2) {
            int32_t step = n / (2 * half);
            for (int32_t i = 0; i < n; i++) {
                if ((i & half) != 0) {
                    continue;
                }
                const float *w = twiddles + 2 * step * (i & (half - 1));
                int32_t j = i + half;
                float tr = ts_f32(w[0] * re[j]) - ts_f32(w[1] * im[j]);
                float ti = ts_f32(w[0] * im[j]) + ts_f32(w[1] * re[j]);
                re[j] = re[i] - tr;
                im[j] = im[i] - ti;
                re[i] = re[i] + tr;
                im[i] = im[i] + ti;
            }
        }
        for (int32_t k = 0; k <= n / 2; k++) {
            y[r * (n / 2 + 1) + k] = ts_f32(re[k] * re[k]) + ts_f32(im[k] * im[k]);
        }
    }
}
