/* Gated recurrent unit, float32, gates in the order z, r, h. z and r are f(bias + w x[t] + r h[t - 1]), sums in this order;
 * the candidate is g(p + q) with p = bias h + w x[t] and q = bias q + r (r * h[t - 1]), or g(p + r * q) with
 * q = bias q + r h[t - 1] if reset_after; h[t] = (1 - z) * candidate + z * h[t - 1]. The second direction, or the only one if
 * backward, runs from the last step to the first; f and g by number (ts_recurrent.h); clip bounds their arguments.
 * x [steps][batch][depth], w [directions][3][units][depth], r [directions][3][units][units],
 * bias [directions][z, r, h, q][units], start [directions][batch][units], y [steps][directions][batch][units];
 * scratch holds 2 * units floats. */
#include "ts_recurrent.h"

void ts_gru_float32(
    const float *x, const float *w, const float *r, const float *bias, const float *start, float *y, float *scratch,
    int32_t steps, int32_t batch, int32_t depth, int32_t directions, int32_t units, int32_t backward, int32_t f,
    int32_t g, int32_t reset_after, float clip) {
    float *reset = scratch;
    float *kept = scratch + units; /* what the candidate sees of the past */
    for (int32_t d = 0; d < directions; d++) {
        const float *biases = bias + d * 4 * units;
        for (int32_t s = 0; s < steps; s++) {
            int32_t turned = d == 1 || backward != 0;
            int32_t t = turned ? steps - 1 - s : s;
            int32_t before = turned ? t + 1 : t - 1;
            for (int32_t b = 0; b < batch; b++) {
                const float *in = x + (t * batch + b) * depth;
                const float *past = s == 0 ? start + (d * batch + b) * units
                                           : y + ((before * directions + d) * batch + b) * units;
                float *h = y + ((t * directions + d) * batch + b) * units;
                for (int32_t j = 0; j < units; j++) {
                    int32_t row = (d * 3 + 1) * units + j;
                    float sum = ts_more(biases[units + j], in, w + row * depth, depth);
                    reset[j] = ts_activation(ts_more(sum, past, r + row * units, units), f, clip);
                    kept[j] = reset_after != 0 ? past[j] : ts_f32(reset[j] * past[j]);
                }
                for (int32_t j = 0; j < units; j++) {
                    int32_t row = d * 3 * units + j;
                    float sum = ts_more(biases[j], in, w + row * depth, depth);
                    float z = ts_activation(ts_more(sum, past, r + row * units, units), f, clip);
                    row += 2 * units;
                    float p = ts_more(biases[2 * units + j], in, w + row * depth, depth);
                    float q = ts_more(biases[3 * units + j], kept, r + row * units, units);
                    float candidate = ts_activation(p + ts_f32(reset_after != 0 ? reset[j] * q : q), g, clip);
                    h[j] = ts_f32((1.0f - z) * candidate) + ts_f32(z * past[j]);
                }
            }
        }
    }
}
