/* Long short-term memory of int8 with a cell of int16, gates in the order i, o, f, c. With the part of x as
 * bias + w (x[t] - zero_x), that of h as r (h[t - 1] - zero_h), each scaled and brought to int16, a gate is the logistic
 * function (c: tanh) of their sum in Q(3), in Q(0). c[t] = f * c[t - 1] + i * c gate in Q(bits), within cell_clip (0: not);
 * h[t] = o * tanh(c[t]), scaled, plus zero, within int8.
 * If tabled, r's part is brought to int16 too, functions come of a table (ts_table16.h), and products for the cell are
 * halved first, to the nearest.
 * x [steps][batch][depth], w [4][units][depth], r [4][units][units], bias [4][units], multiplier and shift [9] of w's
 * gates, r's gates and the result, start_h, start_c [batch][units], table [256] if tabled, y [steps of h, then the last c]
 * [batch][units].
 * Source: TensorFlow Lite, lite/kernels/lstm_eval.cc, LstmStepInteger8x8_16; tabled: lite/micro/kernels/lstm_eval.cc. */
#include "ts_gates.h"
#include "ts_table16.h"

/* sum + w (x - zero), modulo 2^32. */
static inline int32_t ts_lstm8_sum(int32_t sum, const int8_t *x, const int8_t *w, int32_t zero, int32_t n) {
    uint32_t total = (uint32_t)sum;
    for (int32_t k = 0; k < n; k++) {
        total += (uint32_t)((x[k] - zero) * w[k]);
    }
    return (int32_t)total;
}

/* x / 2^times for the cell. */
static inline int32_t ts_lstm8_halved(int32_t x, int32_t times, int32_t tabled) {
    return tabled ? ts_halved((x + 1) >> 1, times - 1) : ts_halved(x, times);
}

/* A function of a gate's sum, in Q(3). */
static inline int32_t ts_lstm8_gate(int32_t x, int32_t tanh, const int16_t *table, int32_t tabled) {
    if (tabled) {
        return ts_table16(x, table, 3, 0, tanh);
    }
    return tanh ? ts_tanh16(x, 3) : ts_logistic16(x);
}

/* tanh of the cell, in Q(bits). */
static inline int32_t ts_lstm8_tanh(int32_t x, int32_t bits, const int16_t *table, int32_t tabled) {
    if (tabled) {
        return ts_table16(x, table, 3 << (bits > 3 ? bits - 3 : 0), bits < 3 ? 3 - bits : 0, 1);
    }
    return ts_tanh16(x, bits);
}

void ts_lstm8_int8(
    const int8_t *x, const int8_t *w, const int8_t *r, const int32_t *bias, const int32_t *multiplier,
    const int32_t *shift, const int8_t *start_h, const int16_t *start_c,
    const int16_t *table, int16_t *y, int32_t steps, int32_t batch, int32_t depth, int32_t units, int32_t zero_x,
    int32_t zero_h, int32_t bits, int32_t cell_clip, int32_t zero, int32_t tabled) {
    int32_t plane = batch * units;
    for (int32_t i = 0; i < plane; i++) {
        y[steps * plane + i] = start_c[i];
    }
    for (int32_t t = 0; t < steps; t++) {
        for (int32_t b = 0; b < batch; b++) {
            const int8_t *x_t = x + (t * batch + b) * depth;
            int16_t *h = y + t * plane + b * units;
            int16_t *cell = y + steps * plane + b * units;
            for (int32_t j = 0; j < units; j++) {
                int32_t gates[4];
                for (int32_t g = 0; g < 4; g++) {
                    int32_t row = g * units + j;
                    int32_t sum = ts_lstm8_sum(bias[row], x_t, w + row * depth, zero_x, depth);
                    int32_t from_x = ts_clamp(ts_scale_double(sum, multiplier[g], shift[g]), -32768, 32767);
                    uint32_t total = 0;
                    for (int32_t k = 0; k < units; k++) {
                        int32_t past = t == 0 ? start_h[b * units + k] : h[k - plane];
                        total += (uint32_t)((past - zero_h) * r[row * units + k]);
                    }
                    int64_t from_h = ts_scale_double((int32_t)total, multiplier[4 + g], shift[4 + g]);
                    from_h = tabled ? ts_clamp((int32_t)from_h, -32768, 32767) : from_h;
                    int32_t gate = ts_clamp(ts_saturate(from_x + from_h), -32768, 32767);
                    gates[g] = ts_lstm8_gate(gate, g == 3, table, tabled);
                }
                int32_t next = ts_lstm8_halved(gates[2] * cell[j], 15, tabled);
                next += ts_lstm8_halved(gates[0] * gates[3], 15 + bits, tabled);
                next = ts_clamp(next, -32768, 32767);
                if (cell_clip > 0) {
                    next = next < -cell_clip ? -cell_clip : (next > cell_clip ? cell_clip : next);
                }
                cell[j] = (int16_t)next;
                int32_t product = gates[1] * ts_lstm8_tanh(next, bits, table, tabled);
                int64_t out = (int64_t)ts_scale_double(product, multiplier[8], shift[8]) + zero;
                h[j] = (int16_t)ts_clamp(ts_saturate(out), -128, 127);
            }
        }
    }
}
