/* model_network: what its source files share. Not for callers; see model_network.h. */
#ifndef MODEL_NETWORK_INTERNAL_H
#define MODEL_NETWORK_INTERNAL_H

#include "model_network.h"
#include "kernels/ts_kernels.h"
#include "kernels/ts_module.h"

#if defined(__arm__) && !defined(__ARM_FP)
#error "model_network: compiled for nucleo_l4r5zi, which has an FPU, but the compiler was told of none; check -mcpu and -mfpu"
#endif

/* Constants and initial contents of states, in model_network_weights.c. */
extern TS_WEIGHTS const float model_network_w_dense_0_bias[3];
extern TS_WEIGHTS const float model_network_w_dense_0_weight[12];
extern TS_WEIGHTS const float model_network_w_mean[4];

/* Steps, in order of execution. */
TS_STEP void model_network_step_000_standardise_sub(uint8_t *arena, uint8_t *state);
TS_STEP void model_network_step_001_dense_0(uint8_t *arena, uint8_t *state);
TS_STEP void model_network_step_002_probabilities(uint8_t *arena, uint8_t *state);

#endif
