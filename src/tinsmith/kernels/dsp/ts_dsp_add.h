/* Sum of two tensors of int8 with scales of their own, as x * first + b * second + end, in steps of 2^-21 of the result's. The compiler has
 * compared that with its definition for every pair of values.
 * Source of the definition: TensorFlow Lite 8-bit quantization specification, operator ADD. */
#ifndef TS_DSP_ADD_H
#define TS_DSP_ADD_H

#include "ts_dsp_rows.h"

/* Factors times 2^8; what is added first; how many fours; lowest and highest result, four times each; what is added last. The assembly
 * knows this order. */
typedef struct {
    int32_t first;
    int32_t second;
    int32_t middle;
    int32_t fours;
    uint32_t low;
    uint32_t high;
    int32_t end;
} ts_adding;

/* Where halves of negative values go down (away), negative values count one step of 2^-21 less. */
static inline int8_t ts_added(int32_t x, int32_t b, const ts_adding *a, int32_t away) {
    int32_t first = (int32_t)((int64_t)a->first * x >> 8);
    int32_t second = (int32_t)((int64_t)a->second * b >> 8);
    int32_t sum = first + second + a->middle;
    sum += (away != 0 ? sum >> 31 : 0) + a->end;
    int32_t low = (int8_t)(uint8_t)a->low;
    int32_t high = (int8_t)(uint8_t)a->high;
    return (int8_t)ts_within(ts_to_int8(sum, 21), low, high);
}

static inline void ts_added_rest(const int8_t *x, const int8_t *b, int8_t *y, int32_t from, int32_t n, const ts_adding *a, int32_t away) {
    for (int32_t i = from; i < n; i++) {
        y[i] = ts_added(x[i], b[i], a, away);
    }
}

#endif
