/* Rows of float32 to steps of 8 bits less their zero point: y = clamp(round(x * inverse + zero), lowest, 127) - zero, halves
 * away from zero; NaN gives 0. x [rows][n], scales [rows][3] = step, inverse, zero point (-128..127), y [rows][n]; lowest
 * -128 or -127. */
/* mutant: "rest <= -0.5f" -> "rest < -0.5f" */
/* mutant: "whole, lowest, 127" -> "whole, lowest - 1, 127" */
#include "ts_float.h"

void ts_quantize_rows_float32(const float *x, const float *scales, int16_t *y, int32_t rows, int32_t n,
                              int32_t lowest) {
    for (int32_t r = 0; r < rows; r++) {
        float inverse = scales[3 * r + 1];
        float zero = scales[3 * r + 2];
        zero = zero > -128.0f ? zero : (zero != zero ? 0.0f : -128.0f);
        zero = zero < 127.0f ? zero : 127.0f;
        for (int32_t i = r * n; i < (r + 1) * n; i++) {
            float t = ts_f32(x[i] * inverse) + zero;
            t = t > -256.0f ? t : (t != t ? zero : -256.0f);
            t = t < 256.0f ? t : 256.0f;
            int32_t whole = (int32_t)t;
            float rest = t - (float)whole;
            whole += rest >= 0.5f ? 1 : 0;
            whole -= rest <= -0.5f ? 1 : 0;
            y[i] = (int16_t)(ts_clamp(whole, lowest, 127) - (int32_t)zero);
        }
    }
}
