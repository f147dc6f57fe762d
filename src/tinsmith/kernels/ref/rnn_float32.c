/* Recurrent layer, float32: h[t] = f(bias + w x[t] + r h[t - 1]), sums in this order. The second direction, or the only one
 * if backward, runs from the last step to the first; f by number (ts_recurrent.h).
 * x [steps][batch][depth], w [directions][units][depth], r [directions][units][units], bias [directions][units],
 * start [directions][batch][units], y [steps][directions][batch][units]. */
#include "ts_recurrent.h"

void ts_rnn_float32(
    const float *x, const float *w, const float *r, const float *bias, const float *start, float *y,
    int32_t steps, int32_t batch, int32_t depth, int32_t directions, int32_t units, int32_t backward, int32_t f,
    float clip) {
    for (int32_t d = 0; d < directions; d++) {
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
                    int32_t row = d * units + j;
                    float sum = ts_more(bias[row], in, w + row * depth, depth);
                    sum = ts_more(sum, past, r + row * units, units);
                    h[j] = ts_activation(sum, f, clip);
                }
            }
        }
    }
}
