/* Probabilities of classes from those of all pairs of them, float32, by rounds of exact line searches over one class after the
 * other. x [rows][pairs], pairs (i, j), i < j, in order; y [rows][classes]. held: Q [classes][classes], then Q p [classes].
 * Source: Wu, Lin and Weng, JMLR 5 (2004), algorithm 2. */
#include "ts_float.h"

/* Within 1e-7 and 1 - 1e-7. */
static float ts_pair_held(float r) {
    return r > 1e-7f ? (r < 0.9999999f ? r : 0.9999999f) : 1e-7f;
}

static void ts_pair_products(const float *x, float *q, int32_t classes) {
    for (int32_t i = 0; i < classes; i++) {
        for (int32_t j = i + 1; j < classes; j++) {
            float r = ts_pair_held(*x++);
            float other = 1.0f - r;
            q[i * classes + j] = -ts_f32(r * other);
            q[j * classes + i] = -ts_f32(r * other);
        }
    }
}

/* Adds the squares to Q[t][t] in order of the other class. */
static void ts_pair_squares(const float *x, float *q, int32_t classes) {
    for (int32_t t = 0; t < classes; t++) {
        float sum = 0.0f;
        for (int32_t j = 0; j < classes; j++) {
            if (j == t) {
                continue;
            }
            int32_t low = j < t ? j : t;
            int32_t high = j < t ? t : j;
            float r = ts_pair_held(x[low * classes - low * (low + 1) / 2 + high - low - 1]);
            r = j < t ? r : 1.0f - r;
            sum += ts_f32(r * r);
        }
        q[t * classes + t] = sum;
    }
}

/* Q p and p Q p; returns the largest difference between them. */
static float ts_pair_error(const float *q, const float *p, float *qp, float *total, int32_t classes) {
    *total = 0.0f;
    for (int32_t t = 0; t < classes; t++) {
        float sum = 0.0f;
        for (int32_t j = 0; j < classes; j++) {
            sum += ts_f32(q[t * classes + j] * p[j]);
        }
        qp[t] = sum;
        *total += ts_f32(p[t] * sum);
    }
    float worst = 0.0f;
    for (int32_t t = 0; t < classes; t++) {
        float error = qp[t] - *total;
        error = error < 0.0f ? -error : error;
        worst = t == 0 || error > worst ? error : worst;
    }
    return worst;
}

void ts_pairwise_coupling_float32(const float *x, float *y, float *held, int32_t rows, int32_t classes, float start, float enough) {
    float *q = held;
    float *qp = held + classes * classes;
    for (int32_t row = 0; row < rows; row++) {
        const float *in = x + row * (classes * (classes - 1) / 2);
        float *p = y + row * classes;
        ts_pair_products(in, q, classes);
        ts_pair_squares(in, q, classes);
        for (int32_t t = 0; t < classes; t++) {
            p[t] = start;
        }
        for (int32_t round = 0; round < 100; round++) {
            float total;
            if (ts_pair_error(q, p, qp, &total, classes) < enough) {
                break;
            }
            for (int32_t t = 0; t < classes; t++) {
                float square = q[t * classes + t];
                float step = ts_div(total - qp[t], square);
                float scale = 1.0f + step;
                float slope = ts_f32(step * square) + ts_f32(2.0f * qp[t]);
                p[t] += step;
                total = ts_div(ts_div(total + ts_f32(step * slope), scale), scale);
                for (int32_t j = 0; j < classes; j++) {
                    qp[j] = ts_div(qp[j] + ts_f32(step * q[t * classes + j]), scale);
                    p[j] = ts_div(p[j], scale);
                }
            }
        }
    }
}
