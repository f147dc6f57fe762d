/* Sums of products of columns of x with rows of weights: the inside of convolutions and fully connected layers of float32.
 * Eight rows of weights lie interleaved, rows that are left over one by one. */
#ifndef TS_FLOAT_COLUMNS_H
#define TS_FLOAT_COLUMNS_H

#include "ts_float_block.h"

enum { TS_FLOAT_ROWS = 8 };

/* Where the results of two columns go, after eight sums that each of them starts at. */
typedef struct {
    int32_t depth;
    const float *bias;
    float *y, *z;
} ts_float_eight_task;

#if TS_FLOAT_ASSEMBLER

#define TS_FLOAT_PAIR(value, w0, w1, sum0, sum1) \
    "vmul.f32 s30, " #value ", " #w0 "\n vmul.f32 s31, " #value ", " #w1 "\n" \
    "vadd.f32 " #sum0 ", " #sum0 ", s30\n vadd.f32 " #sum1 ", " #sum1 ", s31\n"
#define TS_FLOAT_PLACE(first, second) \
    "vldmia r2!, {s16, s17, s18, s19, s20, s21, s22, s23}\n" \
    TS_FLOAT_PAIR(first, s16, s17, s0, s1) TS_FLOAT_PAIR(first, s18, s19, s2, s3) \
    TS_FLOAT_PAIR(first, s20, s21, s4, s5) TS_FLOAT_PAIR(first, s22, s23, s6, s7) \
    TS_FLOAT_PAIR(second, s16, s17, s8, s9) TS_FLOAT_PAIR(second, s18, s19, s10, s11) \
    TS_FLOAT_PAIR(second, s20, s21, s12, s13) TS_FLOAT_PAIR(second, s22, s23, s14, s15)

/* Eight results of each of the columns x and z. */
TS_FLOAT_NAKED static void ts_float_eight(
    const float *x TS_FLOAT_GIVEN, const float *z TS_FLOAT_GIVEN, const float *w TS_FLOAT_GIVEN,
    const ts_float_eight_task *task TS_FLOAT_GIVEN) {
    __asm__(".syntax unified\n push {r4, r5, r6, lr}\n ldmia r3, {r3, r4, r5, r6}\n"
            "vpush {s16, s17, s18, s19, s20, s21, s22, s23, s24, s25, s26, s27, s28, s29, s30, s31}\n"
            "vldmia r4, {s0, s1, s2, s3, s4, s5, s6, s7}\n vldmia r4, {s8, s9, s10, s11, s12, s13, s14, s15}\n"
            "lsrs r4, r3, #1\n beq 2f\n"
            "1: vldmia r0!, {s24, s25}\n vldmia r1!, {s26, s27}\n"
            TS_FLOAT_PLACE(s24, s26) TS_FLOAT_PLACE(s25, s27)
            "subs r4, #1\n bne 1b\n"
            "2: tst r3, #1\n beq 3f\n"
            "vldmia r0!, {s24}\n vldmia r1!, {s26}\n" TS_FLOAT_PLACE(s24, s26)
            "3: vstmia r5, {s0, s1, s2, s3, s4, s5, s6, s7}\n vstmia r6, {s8, s9, s10, s11, s12, s13, s14, s15}\n"
            "vpop {s16, s17, s18, s19, s20, s21, s22, s23, s24, s25, s26, s27, s28, s29, s30, s31}\n"
            "pop {r4, r5, r6, pc}\n");
}

#define TS_FLOAT_TERMS(value, w0, w1, w2, w3, sum0, sum1, sum2, sum3) \
    "vmul.f32 " #w0 ", " #w0 ", " #value "\n vmul.f32 " #w1 ", " #w1 ", " #value "\n" \
    "vmul.f32 " #w2 ", " #w2 ", " #value "\n vmul.f32 " #w3 ", " #w3 ", " #value "\n" \
    "vadd.f32 " #sum0 ", " #sum0 ", " #w0 "\n vadd.f32 " #sum1 ", " #sum1 ", " #w1 "\n" \
    "vadd.f32 " #sum2 ", " #sum2 ", " #w2 "\n vadd.f32 " #sum3 ", " #sum3 ", " #w3 "\n"
#define TS_FLOAT_ALONE(value) \
    "vldmia r1!, {s8, s9, s10, s11, s12, s13, s14, s15}\n" \
    TS_FLOAT_TERMS(value, s8, s9, s10, s11, s0, s1, s2, s3) TS_FLOAT_TERMS(value, s12, s13, s14, s15, s4, s5, s6, s7)

/* Eight results of the column x. */
TS_FLOAT_NAKED static void ts_float_eight_alone(
    const float *x TS_FLOAT_GIVEN, const float *w TS_FLOAT_GIVEN, const ts_float_eight_task *task TS_FLOAT_GIVEN) {
    __asm__(".syntax unified\n push {r4, lr}\n ldmia r2, {r2, r3, r4}\n vpush {s16, s17}\n"
            "vldmia r3, {s0, s1, s2, s3, s4, s5, s6, s7}\n"
            "lsrs r3, r2, #1\n beq 2f\n"
            "1: vldmia r0!, {s16, s17}\n" TS_FLOAT_ALONE(s16) TS_FLOAT_ALONE(s17) "subs r3, #1\n bne 1b\n"
            "2: tst r2, #1\n beq 3f\n"
            "vldmia r0!, {s16}\n" TS_FLOAT_ALONE(s16)
            "3: vstmia r4, {s0, s1, s2, s3, s4, s5, s6, s7}\n"
            "vpop {s16, s17}\n pop {r4, pc}\n");
}

#else

/* Eight results of the column x. */
static inline void ts_float_eight_alone(const float *x, const float *w, const ts_float_eight_task *task) {
    for (int32_t r = 0; r < TS_FLOAT_ROWS; r++) {
        float sum = task->bias[r];
        for (int32_t k = 0; k < task->depth; k++) {
            sum += ts_f32(x[k] * w[TS_FLOAT_ROWS * k + r]);
        }
        task->y[r] = sum;
    }
}

/* Eight results of each of the columns x and z. */
static inline void ts_float_eight(const float *x, const float *z, const float *w, const ts_float_eight_task *task) {
    for (int32_t r = 0; r < TS_FLOAT_ROWS; r++) {
        float first = task->bias[r];
        float second = first;
        for (int32_t k = 0; k < task->depth; k++) {
            float weight = w[TS_FLOAT_ROWS * k + r];
            first += ts_f32(x[k] * weight);
            second += ts_f32(z[k] * weight);
        }
        task->y[r] = first;
        task->z[r] = second;
    }
}

#endif

/* A row of weights by itself: its result for the column x. */
static inline float ts_float_one(const float *x, const float *w, float sum, int32_t depth) {
    for (int32_t k = 0; k < depth; k++) {
        sum += ts_f32(x[k] * w[k]);
    }
    return sum;
}

/* Results y [out] of the column x and, at y + next, of the column z; with next 0 of x alone. */
static inline void ts_float_two(
    const float *x, const float *z, const float *w, const float *b, float *y, int32_t next, int32_t depth, int32_t out) {
    int32_t o = 0;
    for (; o + TS_FLOAT_ROWS <= out; o += TS_FLOAT_ROWS, w += TS_FLOAT_ROWS * depth) {
        ts_float_eight_task task = {depth, b + o, y + o, y + next + o};
        if (next == 0) {
            ts_float_eight_alone(x, w, &task);
        } else {
            ts_float_eight(x, z, w, &task);
        }
    }
    for (; o < out; o++, w += depth) {
        y[o] = ts_float_one(x, w, b[o], depth);
        if (next != 0) {
            y[next + o] = ts_float_one(z, w, b[o], depth);
        }
    }
}

#endif
