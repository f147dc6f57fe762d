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

#if TS_DSP_ASSEMBLY
/* Begins a loop over fours of elements, label 1: what is added (r3) to r8..r11, then each time words of x (r0) and b (r1). Bytes 1 and 3 of a
 * word, then 0 and 2, lie in the upper bytes of its halves. Sums: r3 of element 0, lr of 1, r4 of 2, r5 of 3. */
#define TS_ADD_SUMS \
    "ldm r3, {r8, r9, r10, r11}\n\t" \
    "mov r12, #0xFF00FF00\n" \
    "1:\n\t" \
    "ldr r4, [r0], #4\n\t" \
    "ldr r6, [r1], #4\n\t" \
    "and r5, r12, r4\n\t" \
    "and r4, r12, r4, lsl #8\n\t" \
    "and r7, r12, r6\n\t" \
    "and r6, r12, r6, lsl #8\n\t" \
    "smlawb r3, r8, r4, r10\n\t" \
    "smlawt r4, r8, r4, r10\n\t" \
    "smlawb lr, r8, r5, r10\n\t" \
    "smlawt r5, r8, r5, r10\n\t" \
    "smlawb r3, r9, r6, r3\n\t" \
    "smlawt r4, r9, r6, r4\n\t" \
    "smlawb lr, r9, r7, lr\n\t" \
    "smlawt r5, r9, r7, r5\n\t"
#endif

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
