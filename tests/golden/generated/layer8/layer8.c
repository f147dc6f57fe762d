/* layer8: 3 steps, 10 multiply-accumulates, arena 16 B (planner first_fit), state 0 B.
 * Board:  rpi_pico
 * Graph:  12a2cf43f7ffb752f805321846caec087bd14a564e8f90159ef7c4da5a959985
 * Made by tinsmith 0.1.0; do not edit.
 */
#include "layer8_internal.h"

#include <stddef.h>

/* 000 x_int8: quantize
 *   x float32[1x3]
 *   -> x_int8 int8[1x3] q(0.05, -3)
 */
TS_SMALL TS_STEP void layer8_step_000_x_int8(uint8_t *arena, uint8_t *state) {
    (void)state;
    ts_quantize_float32((const float *)(const void *)(arena + 0),
        (int8_t *)(void *)(arena + 0),
        3, 0x1.99999ap-5f, -3, 0);
}

/* 001 y_int8: dense
 *     + requantize {act_max=127, act_min=5, rounding='single', zero_point=5}
 *   x_int8 int8[1x3] q(0.05, -3)
 *   weight int8[2x3] q(0.01..0.02, 0)
 *   bias int32[2]
 *   multiplier int32[2]
 *   shift int32[2]
 *   -> y_int8 int8[1x2] q(0.1, 5)
 */
TS_SMALL TS_STEP void layer8_step_001_y_int8(uint8_t *arena, uint8_t *state) {
    (void)state;
    ts_plain_dense_row_int8((const int8_t *)(const void *)(arena + 0),
        layer8_t_y_int8_w,
        layer8_t_y_int8_b,
        layer8_t_y_int8_numbers,
        (int8_t *)(void *)(arena + 8));
}

/* 002 y: dequantize
 *   y_int8 int8[1x2] q(0.1, 5)
 *   -> y float32[1x2]
 */
TS_SMALL TS_STEP void layer8_step_002_y(uint8_t *arena, uint8_t *state) {
    (void)state;
    ts_dequantize_int8((const int8_t *)(const void *)(arena + 8),
        (float *)(void *)(arena + 0),
        2, 0x1.99999ap-4f, 5);
}

void layer8_init(void *state) {
    layer8_reset(state);
}

void layer8_reset(void *state) {
    (void)state;
}

int32_t layer8_run(void *arena, void *state) {
    uint8_t *const a = (uint8_t *)arena;
    uint8_t *const s = (uint8_t *)state;
    if (a == NULL || ((uintptr_t)a % LAYER8_ALIGN) != 0) {
        return -1;
    }
    layer8_step_000_x_int8(a, s);
    layer8_step_001_y_int8(a, s);
    layer8_step_002_y(a, s);
    return 0;
}

int32_t layer8_run_step(void *arena, void *state, int32_t step) {
    uint8_t *const a = (uint8_t *)arena;
    uint8_t *const s = (uint8_t *)state;
    if (a == NULL || ((uintptr_t)a % LAYER8_ALIGN) != 0) {
        return -1;
    }
    switch (step) {
    case 0:
        layer8_step_000_x_int8(a, s);
        break;
    case 1:
        layer8_step_001_y_int8(a, s);
        break;
    case 2:
        layer8_step_002_y(a, s);
        break;
    default:
        return -1;
    }
    if (step + 1 < LAYER8_STEPS) {
        return step + 1;
    }
    return 0;
}
