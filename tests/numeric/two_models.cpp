// The headers of two models in a C++ program.
#include "mixed/mixed.h"
#include "mixed/selftest/mixed_selftest.h"
#include "other/other.h"
#include "other/selftest/other_selftest.h"

#include <type_traits>

static MIXED_ARENA(arena);
static MIXED_STATE(state);
static OTHER_ARENA(other_arena);

static_assert(std::is_same<MIXED_INPUT_X_TYPE, float>::value, "type of an input");
static_assert(std::is_same<decltype(OTHER_INPUT_X_DATA(other_arena)), int8_t *>::value, "type of its elements");
static_assert(alignof(decltype(arena)) <= MIXED_ALIGN && MIXED_ABI == 3 && OTHER_STATE_BYTES == 0, "numbers");

int main() {
    const int shape[MIXED_INPUT_X_RANK] = MIXED_INPUT_X_SHAPE;
    if (shape[0] * shape[1] != MIXED_INPUT_X_ELEMENTS || shape[1] != MIXED_INPUT_X_DIM_1) {
        return 1;
    }
    if (OTHER_INPUT_X_SCALE != 0.1 || OTHER_INPUT_X_ZERO_POINT != -4 || MIXED_OUTPUT_COUNT != 2) {
        return 2;
    }
    return mixed_selftest(arena, state, nullptr) != 0 || other_selftest(other_arena, nullptr, nullptr) != 0 ? 3 : 0;
}
