/* Long short-term memory, float32, gates in the order i, o, f, c. With a sum of each gate as bias + w x[t] + r h[t - 1], in
 * this order: c[t] = f(sum f) * c[t - 1] + f(sum i) * g(sum c), h[t] = f(sum o) * e(c[t]). The second direction, or the only
 * one if backward, runs from the last step to the first; f, g and e by number (ts_recurrent.h); clip bounds the sums,
 * cell_clip every |c[t]| (0: not).
 * x [steps][batch][depth], w [directions][4][units][depth], r [directions][4][units][units], bias [directions][4][units],
 * start_h, start_c [directions][batch][units], y [steps][directions][h, c][batch][units]. */
#include "ts_recurrent.h"

void ts_lstm_float32(
    const float *x, const float *w, const float *r, const float *bias, const float *start_h, const float *start_c,
    float *y, int32_t steps, int32_t batch, int32_t depth, int32_t directions, int32_t units, int32_t backward,
    int32_t f, int32_t g, int32_t e, float clip, float cell_clip) {
    int32_t plane = batch * units;
    for (int32_t d = 0; d < directions; d++) {
        for (int32_t s = 0; s < steps; s++) {
            int32_t turned = d == 1 || backward != 0;
            int32_t t = turned ? steps - 1 - s : s;
            int32_t before = turned ? t + 1 : t - 1;
            for (int32_t b = 0; b < batch; b++) {
                const float *in = x + (t * batch + b) * depth;
                int32_t first = d * plane + b * units;
                int32_t last = (before * directions + d) * 2 * plane + b * units;
                const float *past_h = s == 0 ? start_h + first : y + last;
                const float *past_c = s == 0 ? start_c + first : y + last + plane;
                float *h = y + (t * directions + d) * 2 * plane + b * units;
                float *c = h + plane;
                for (int32_t j = 0; j < units; j++) {
                    float gates[4];
                    for (int32_t gate = 0; gate < 4; gate++) {
                        int32_t row = (d * 4 + gate) * units + j;
                        float sum = ts_more(bias[row], in, w + row * depth, depth);
                        sum = ts_more(sum, past_h, r + row * units, units);
                        gates[gate] = ts_activation(sum, gate < 3 ? f : g, clip);
                    }
                    float cell = ts_f32(gates[2] * past_c[j]) + ts_f32(gates[0] * gates[3]);
                    if (cell_clip > 0.0f) {
                        cell = cell < -cell_clip ? -cell_clip : (cell > cell_clip ? cell_clip : cell);
                    }
                    c[j] = cell;
                    h[j] = ts_f32(gates[1] * ts_activation(c[j], e, 0.0f));
                }
            }
        }
    }
}
