/* layer8: what its source files share. Not for callers; see layer8.h. */
#ifndef LAYER8_INTERNAL_H
#define LAYER8_INTERNAL_H

#include "layer8.h"
#include "kernels/ts_kernels.h"
#include "kernels/ts_module.h"

/* Constants and initial contents of states, in layer8_weights.c. */
extern TS_WEIGHTS const uint8_t layer8_t_y_int8_w[6];
extern TS_WEIGHTS const int32_t layer8_t_y_int8_b[2];
extern TS_WEIGHTS const int32_t layer8_t_y_int8_numbers[13];

/* Steps, in order of execution. */
TS_STEP void layer8_step_000_x_int8(uint8_t *arena, uint8_t *state);
TS_STEP void layer8_step_001_y_int8(uint8_t *arena, uint8_t *state);
TS_STEP void layer8_step_002_y(uint8_t *arena, uint8_t *state);

#endif
