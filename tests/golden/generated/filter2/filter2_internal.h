/* filter2: what its source files share. Not for callers; see filter2.h. */
#ifndef FILTER2_INTERNAL_H
#define FILTER2_INTERNAL_H

#include "filter2.h"
#include "kernels/ts_kernels.h"
#include "kernels/ts_module.h"

/* Constants and initial contents of states, in filter2_weights.c. */
extern TS_WEIGHTS const float filter2_w_half[1];
extern TS_WEIGHTS const float filter2_w_twiddles[4];
extern TS_WEIGHTS const float filter2_s_low[4];
extern TS_WEIGHTS const float filter2_s_before[4];

/* Steps, in order of execution. */
TS_STEP void filter2_step_000_sum(uint8_t *arena, uint8_t *state);
TS_STEP void filter2_step_001_smooth(uint8_t *arena, uint8_t *state);
TS_STEP void filter2_step_002_change(uint8_t *arena, uint8_t *state);
TS_STEP void filter2_step_003_power(uint8_t *arena, uint8_t *state);
TS_STEP void filter2_step_004_x_out(uint8_t *arena, uint8_t *state);
TS_STEP void filter2_step_005_before_next(uint8_t *arena, uint8_t *state);

#endif
