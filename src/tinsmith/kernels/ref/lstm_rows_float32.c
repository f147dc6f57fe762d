/* Long short-term memory, float32 with recurrent weights of int8, gates in the order i, o, f, c: each row of h[t - 1] is
 * brought to 8 bits (ts_rows.h). A sum is what x gave plus r times those steps, times (step of the row * factor of the
 * gate); c[t] = sigmoid(sum f) * c[t - 1] + sigmoid(sum i) * g(sum c), within cell_clip (0: not); h[t] = sigmoid(sum o) *
 * g(c[t]); g by number (ts_recurrent.h).
 * x [steps][batch][4][units], r [4][units][units], factor [4], start_h, start_c [batch][units], y [steps][h, c][batch]
 * [units], q [units] of scratch. */
#include "ts_recurrent.h"
#include "ts_rows.h"

void ts_lstm_rows_float32(
    const float *x, const int8_t *r, const float *factor, const float *start_h, const float *start_c, float *y,
    int16_t *q, int32_t steps, int32_t batch, int32_t units, int32_t g, int32_t asymmetric, float cell_clip) {
    int32_t plane = batch * units;
    for (int32_t t = 0; t < steps; t++) {
        for (int32_t b = 0; b < batch; b++) {
            const float *from_x = x + (t * batch + b) * 4 * units;
            float *h = y + t * 2 * plane + b * units;
            float *c = h + plane;
            const float *past_h = t == 0 ? start_h + b * units : h - 2 * plane;
            const float *past_c = t == 0 ? start_c + b * units : c - 2 * plane;
            float fields[3];
            ts_row_fields(past_h, units, asymmetric, fields);
            ts_row_steps(past_h, fields, q, units, asymmetric != 0 ? -128 : -127);
            for (int32_t j = 0; j < units; j++) {
                float gates[4];
                for (int32_t gate = 0; gate < 4; gate++) {
                    int32_t row = gate * units + j;
                    int32_t sum = 0;
                    for (int32_t k = 0; k < units; k++) {
                        sum += q[k] * r[row * units + k];
                    }
                    float step = ts_f32(fields[0] * factor[gate]);
                    float both = from_x[row] + ts_f32((float)sum * step);
                    gates[gate] = ts_activation(both, gate < 3 ? 0 : g, 0.0f);
                }
                float cell = ts_f32(gates[2] * past_c[j]) + ts_f32(gates[0] * gates[3]);
                if (cell_clip > 0.0f) {
                    cell = cell < -cell_clip ? -cell_clip : (cell > cell_clip ? cell_clip : cell);
                }
                c[j] = cell;
                h[j] = ts_f32(gates[1] * ts_activation(cell, g, 0.0f));
            }
        }
    }
}
