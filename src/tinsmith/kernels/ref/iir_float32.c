/* Recursive filter along time, float32: x [samples][channels] -> y, through sections of second order, one behind the
 * other: sections [count][6] = a, b, c, m0, m1, m2 of a state-variable filter (Zavalishin, "The Art of VA Filter Design",
 * 2012, 4.1 to 4.4). work [channels][count][2]: both integrators of each, which begin at 0. y may lie on x. */
#include "ts_kernel.h"

void ts_iir_float32(const float *x, const float *sections, float *y, float *work, int32_t samples, int32_t channels,
                    int32_t count) {
    for (int32_t i = 0; i < 2 * channels * count; i++) {
        work[i] = 0.0f;
    }
    for (int32_t t = 0; t < samples; t++) {
        float *state = work;
        for (int32_t c = 0; c < channels; c++) {
            float v = x[t * channels + c];
            const float *s = sections;
            for (int32_t k = 0; k < count; k++) {
                float p = state[0], q = state[1], rest = v - q;
                float d = ts_f32(s[0] * rest) - ts_f32(s[2] * p);
                float e = ts_f32(s[1] * rest) + ts_f32(s[0] * p);
                float band = p + d, low = q + e;
                v = ts_f32(s[3] * v) + ts_f32(s[4] * band) + ts_f32(s[5] * low);
                state[0] = band + d;
                state[1] = low + e;
                s += 6;
                state += 2;
            }
            y[t * channels + c] = v;
        }
    }
}
