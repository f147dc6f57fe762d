/* model_network: 3 steps, 12 multiply-accumulates, arena 32 B (planner first_fit), state 0 B.
 * Board:  nucleo_l4r5zi
 * Graph:  4959cf506361e15da54bac4bf0755b22ed0a5125edc3364c5a398ae1ae86746d
 * Made by tinsmith 0.1.0; do not edit.
 */
#include "model_network_internal.h"

#include <stddef.h>

/* 000 standardise_sub: sub, stage standardise
 *   features float32[1x4]
 *   mean float32[4]
 *   -> standardise_sub float32[1x4]
 */
TS_SMALL TS_STEP void model_network_step_000_standardise_sub(uint8_t *arena, uint8_t *state) {
    (void)state;
    ts_sub_float32((const float *)(const void *)(arena + 0),
        model_network_w_mean,
        (float *)(void *)(arena + 0),
        4, 4, 4, 1, 0);
}

/* 001 dense_0: dense, stage dense_0
 *   standardise_sub float32[1x4]
 *   dense_0_weight float32[3x4]
 *   dense_0_bias float32[3]
 *   -> dense_0 float32[1x3]
 */
TS_SMALL TS_STEP void model_network_step_001_dense_0(uint8_t *arena, uint8_t *state) {
    (void)state;
    ts_dense_float32((const float *)(const void *)(arena + 0),
        model_network_w_dense_0_weight,
        model_network_w_dense_0_bias,
        (float *)(void *)(arena + 16),
        1, 4, 3);
}

/* 002 probabilities: softmax, stage softmax
 *   dense_0 float32[1x3]
 *   -> probabilities float32[1x3]
 */
TS_SMALL TS_STEP void model_network_step_002_probabilities(uint8_t *arena, uint8_t *state) {
    (void)state;
    ts_softmax_float32((const float *)(const void *)(arena + 16),
        (float *)(void *)(arena + 0),
        1, 3);
}

void model_network_init(void *state) {
    model_network_reset(state);
}

void model_network_reset(void *state) {
    (void)state;
}

int32_t model_network_run(void *arena, void *state) {
    uint8_t *const a = (uint8_t *)arena;
    uint8_t *const s = (uint8_t *)state;
    if (a == NULL || ((uintptr_t)a % MODEL_NETWORK_ALIGN) != 0) {
        return -1;
    }
    model_network_step_000_standardise_sub(a, s);
    model_network_step_001_dense_0(a, s);
    model_network_step_002_probabilities(a, s);
    return 0;
}

int32_t model_network_run_step(void *arena, void *state, int32_t step) {
    uint8_t *const a = (uint8_t *)arena;
    uint8_t *const s = (uint8_t *)state;
    if (a == NULL || ((uintptr_t)a % MODEL_NETWORK_ALIGN) != 0) {
        return -1;
    }
    switch (step) {
    case 0:
        model_network_step_000_standardise_sub(a, s);
        break;
    case 1:
        model_network_step_001_dense_0(a, s);
        break;
    case 2:
        model_network_step_002_probabilities(a, s);
        break;
    default:
        return -1;
    }
    if (step + 1 < MODEL_NETWORK_STEPS) {
        return step + 1;
    }
    return 0;
}
