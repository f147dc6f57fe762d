/* The application in every image: init once, then run for ever between ts_begin and ts_end. The same object is linked for every
 * port, so that what was counted and compared in one image holds for the others. ts_model.h is generated: names and sizes. */
#include "port.h"
#include "ts_model.h"

__attribute__((aligned(TS_MODEL_ALIGN))) uint8_t ts_arena[TS_MODEL_ARENA_BYTES];

#if TS_MODEL_STATE_BYTES > 0
__attribute__((aligned(TS_MODEL_ALIGN))) uint8_t ts_state[TS_MODEL_STATE_BYTES];
#define TS_STATE ts_state
#else
#define TS_STATE NULL
#endif

void ts_reset(void) {
    TS_MODEL_RESET(TS_STATE);
}

void ts_main(void) {
    TS_MODEL_INIT(TS_STATE);
    for (;;) {
        ts_begin();
        ts_end(TS_MODEL_RUN(ts_arena, TS_STATE));
    }
}
