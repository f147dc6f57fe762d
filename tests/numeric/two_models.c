/* Two models in one program, two instances of one of them: run in turns, step by step, and at the same time. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "mixed/mixed.h"
#include "mixed/selftest/mixed_golden.h"
#include "mixed/selftest/mixed_selftest.h"
#include "other/other.h"
#include "other/selftest/other_golden.h"
#include "other/selftest/other_selftest.h"

static MIXED_ARENA(arenas[2]);
static MIXED_STATE(states[2]);
static OTHER_ARENA(other_arena);

static int wrong(const uint8_t *arena, int n) {
    return memcmp(arena + MIXED_OUTPUT_SHARE_OFFSET, mixed_golden_output_share + n * MIXED_OUTPUT_SHARE_ELEMENTS,
                  MIXED_OUTPUT_SHARE_BYTES) != 0 ||
           memcmp(arena + MIXED_OUTPUT_SUMS_OFFSET, mixed_golden_output_sums + n * MIXED_OUTPUT_SUMS_ELEMENTS,
                  MIXED_OUTPUT_SUMS_BYTES) != 0;
}

static void load(uint8_t *arena, int n) {
    memcpy(MIXED_INPUT_X_DATA(arena), mixed_golden_input_x + n * MIXED_INPUT_X_ELEMENTS, MIXED_INPUT_X_BYTES);
}

/* Two instances, a step of the one after a step of the other; the second is one case behind. */
static int interleaved(void) {
    mixed_init(states[0]);
    mixed_init(states[1]);
    load(arenas[0], 0);
    if (mixed_run(arenas[0], states[0]) != 0 || wrong(arenas[0], 0)) {
        return 1;
    }
    for (int n = 1; n < MIXED_GOLDEN_CASES; n++) {
        int32_t step = 0;
        load(arenas[0], n);
        load(arenas[1], n - 1);
        do {
            int32_t next = mixed_run_step(arenas[0], states[0], step);
            if (mixed_run_step(arenas[1], states[1], step) != next || (next != 0 && next != step + 1)) {
                return 2;
            }
            step = next;
        } while (step > 0);
        if (step != 0 || wrong(arenas[0], n) || wrong(arenas[1], n - 1)) {
            return 3;
        }
    }
    return 0;
}

static int refusals(void) {
    uint8_t before[MIXED_ARENA_BYTES];
    memcpy(before, arenas[0], sizeof before);
    if (mixed_run(NULL, states[0]) != -1 || mixed_run(arenas[0], NULL) != -1 || mixed_run(arenas[0] + 1, states[0]) != -1) {
        return 4;
    }
    if (mixed_run_step(NULL, states[0], 0) != -1 || mixed_run_step(arenas[0], states[0] + 4, 0) != -1 ||
        mixed_run_step(arenas[0], states[0], -1) != -1 || mixed_run_step(arenas[0], states[0], MIXED_STEPS) != -1) {
        return 5;
    }
    return memcmp(before, arenas[0], sizeof before) != 0 ? 6 : 0;
}

struct instance {
    uint8_t *arena;
    uint8_t *state;
    int32_t failures;
};

static void *hammer(void *argument) {
    struct instance *i = argument;
    for (int n = 0; n < 500; n++) {
        i->failures += mixed_selftest(i->arena, i->state, NULL) != 0;
    }
    return NULL;
}

static int threads(void) {
    pthread_t thread[2];
    struct instance instances[2] = {{arenas[0], states[0], 0}, {arenas[1], states[1], 0}};
    for (int k = 0; k < 2; k++) {
        pthread_create(&thread[k], NULL, hammer, &instances[k]);
    }
    for (int k = 0; k < 2; k++) {
        pthread_join(thread[k], NULL);
    }
    return instances[0].failures + instances[1].failures != 0 ? 7 : 0;
}

int main(void) {
    int code = interleaved();
    code = code != 0 ? code : refusals();
    code = code != 0 ? code : threads();
    if (code == 0 && other_selftest(other_arena, NULL, NULL) != 0) {
        code = 8;
    }
    printf("%d\n", code);
    return code;
}
