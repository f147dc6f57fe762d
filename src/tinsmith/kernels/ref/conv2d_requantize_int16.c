/* Convolution over NHWC, int16 with int8 weights to int64 sums, requantised: ts_requantized of sum i with factor
 * multiplier[o] * 2^(shift[o] - 31), or that of index 0 where factors is 1, to integers of so many bytes each in y.
 * Arguments and arithmetic: ts_conv2d.inc; |b| stays below 2^62. */
#include "ts_fixed.h"

/* What is done with every sum. */
typedef struct {
    uint8_t *y;
    const int32_t *multiplier, *shift;
    int32_t each, zero, low, high, rounding, bytes;
} ts_result_of_sum;

/* With the registers of Thumb-2 a function by itself: inside of another, its numbers would share them with the inner loop.
 * Fewer are spilled in any case, more are enough, and a loop over vectors needs few. */
#if defined(__thumb2__) && !defined(__ARM_FEATURE_MVE)
#define TS_ALONE __attribute__((noinline))
#else
#define TS_ALONE inline
#endif

static TS_ALONE void ts_take_sum(const ts_result_of_sum *to, int64_t sum, int32_t i, int32_t o) {
    int32_t value = ts_requantized(sum, to->multiplier[o * to->each], to->shift[o * to->each], to->zero, to->low, to->high,
                                   to->rounding);
    ts_store(to->y, i, value, to->bytes);
}

void ts_conv2d_requantize_int16(
    const int16_t *x, const int8_t *w, const int64_t *b, void *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t out, int32_t groups,
    int32_t x_zero, int32_t w_zero,
    const int32_t *multiplier, const int32_t *shift, int32_t factors, int32_t zero, int32_t low, int32_t high,
    int32_t rounding, int32_t bytes) {
    typedef int16_t value_type;
    typedef int8_t weight_type;
    typedef int64_t sum_type;
    ts_result_of_sum to = {y, multiplier, shift, factors > 1 ? 1 : 0, zero, low, high, rounding, bytes};
#define TS_TERM(value, weight) ((int64_t)((int32_t)(value) - x_zero) * ((int32_t)(weight) - w_zero))
#define TS_RESULT(i, o, sum) ts_take_sum(&to, sum, i, o)
#include "ts_conv2d.inc"
}
