/* filter2: 6 steps, 22 multiply-accumulates, arena 96 B (planner first_fit), state 32 B.
 * Board:  host
 * Graph:  dfa3f523ae6eee7672e3039876390496330f8b22e3778f1ee5a793b254cb2dd2
 * Made by tinsmith 0.1.0; do not edit.
 */
#include "filter2_internal.h"

#include <stddef.h>

/* 000 sum: add, stage filter
 *   x float32[1x4]
 *   low float32[1x4]
 *   -> sum float32[1x4]
 */
TS_SMALL TS_STEP void filter2_step_000_sum(uint8_t *arena, uint8_t *state) {
    ts_float_add_float32((const float *)(const void *)(arena + 0),
        (const float *)(const void *)(state + 0),
        (float *)(void *)(arena + 16),
        4, 4, 4, 1);
}

/* 001 smooth: mul, stage filter
 *   sum float32[1x4]
 *   half float32[1]
 *   -> smooth float32[1x4]
 */
TS_SMALL TS_STEP void filter2_step_001_smooth(uint8_t *arena, uint8_t *state) {
    (void)state;
    ts_float_mul_float32((const float *)(const void *)(arena + 16),
        filter2_w_half,
        (float *)(void *)(arena + 16),
        4, 1, 4, 1);
}

/* 002 change: sub, stage filter
 *   smooth float32[1x4]
 *   before float32[1x4]
 *   -> change float32[1x4]
 */
TS_SMALL TS_STEP void filter2_step_002_change(uint8_t *arena, uint8_t *state) {
    ts_float_sub_float32((const float *)(const void *)(arena + 16),
        (const float *)(const void *)(state + 16),
        (float *)(void *)(arena + 32),
        4, 4, 4, 1, 0);
}

/* 003 power: rfft_power, stage spectrum
 *   change float32[1x4]
 *   twiddles float32[2x2]
 *   -> power float32[1x3]
 */
TS_SMALL TS_STEP void filter2_step_003_power(uint8_t *arena, uint8_t *state) {
    (void)state;
    ts_rfft_power_float32((const float *)(const void *)(arena + 32),
        filter2_w_twiddles,
        (float *)(void *)(arena + 80),
        (void *)(arena + 48),
        1, 4);
}

/* 004 x_out: reshape {shape=(1, 4)}, stage copy
 *   x float32[1x4]
 *   -> x_out float32[1x4]
 */
TS_SMALL TS_STEP void filter2_step_004_x_out(uint8_t *arena, uint8_t *state) {
    (void)state;
    ts_reshape_b4((const void *)(const float *)(const void *)(arena + 0),
        (void *)(float *)(void *)(arena + 32),
        4);
}

/* 005 before_next: reshape {shape=(1, 4)}, stage copy
 *   x float32[1x4]
 *   -> before_next float32[1x4]
 */
TS_SMALL TS_STEP void filter2_step_005_before_next(uint8_t *arena, uint8_t *state) {
    (void)state;
    ts_reshape_b4((const void *)(const float *)(const void *)(arena + 0),
        (void *)(float *)(void *)(arena + 0),
        4);
}

void filter2_init(void *state) {
    filter2_reset(state);
}

void filter2_reset(void *state) {
    /* low: float32[1x4] */
    ts_copy((uint8_t *)state + 0, (const uint8_t *)(const void *)filter2_s_low, 16);
    /* before: float32[1x4] */
    ts_copy((uint8_t *)state + 16, (const uint8_t *)(const void *)filter2_s_before, 16);
}

int32_t filter2_run(void *arena, void *state) {
    uint8_t *const a = (uint8_t *)arena;
    uint8_t *const s = (uint8_t *)state;
    if (a == NULL || ((uintptr_t)a % FILTER2_ALIGN) != 0) {
        return -1;
    }
    if (s == NULL || ((uintptr_t)s % FILTER2_ALIGN) != 0) {
        return -1;
    }
    filter2_step_000_sum(a, s);
    filter2_step_001_smooth(a, s);
    filter2_step_002_change(a, s);
    filter2_step_003_power(a, s);
    filter2_step_004_x_out(a, s);
    filter2_step_005_before_next(a, s);
    /* low takes smooth */
    ts_copy(s + 0, a + 16, 16);
    /* before takes before_next */
    ts_copy(s + 16, a + 0, 16);
    return 0;
}

int32_t filter2_run_step(void *arena, void *state, int32_t step) {
    uint8_t *const a = (uint8_t *)arena;
    uint8_t *const s = (uint8_t *)state;
    if (a == NULL || ((uintptr_t)a % FILTER2_ALIGN) != 0) {
        return -1;
    }
    if (s == NULL || ((uintptr_t)s % FILTER2_ALIGN) != 0) {
        return -1;
    }
    switch (step) {
    case 0:
        filter2_step_000_sum(a, s);
        break;
    case 1:
        filter2_step_001_smooth(a, s);
        break;
    case 2:
        filter2_step_002_change(a, s);
        break;
    case 3:
        filter2_step_003_power(a, s);
        break;
    case 4:
        filter2_step_004_x_out(a, s);
        break;
    case 5:
        filter2_step_005_before_next(a, s);
        break;
    default:
        return -1;
    }
    if (step + 1 < FILTER2_STEPS) {
        return step + 1;
    }
    /* low takes smooth */
    ts_copy(s + 0, a + 16, 16);
    /* before takes before_next */
    ts_copy(s + 16, a + 0, 16);
    return 0;
}
