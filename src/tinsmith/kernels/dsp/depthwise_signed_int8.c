/* Convolution of each channel by itself, int8, results one element apart along lines; rounded twice, with factors below 1/2 to all of int8.
 * Arguments: ts_dsp_depthwise.inc. */
#define TS_APART 1
#define TS_WAY signed
#include "ts_dsp_depthwise.h"

void ts_dsp_depthwise_signed_int8(
    const int8_t *x, const int32_t *table, const int8_t *w, int8_t *y, void *scratch, int32_t words, int32_t far, int32_t first,
    int32_t lines, int32_t length, int32_t step, int32_t line_step, int32_t pitch, int32_t channels, int32_t each,
    int32_t rows, int32_t columns, int32_t to_step, int32_t to_line_step, int32_t line_words,
    int32_t kernel_y, int32_t kernel_x, int32_t pairs, int32_t jump, int32_t apart,
    int32_t x_zero, int32_t zero) {
    ts_word *planes = scratch;
    const ts_reading reading = ts_reading_of(lines, length, step, line_step, pitch, first);
    enum { low = -128, high = 127 };
#include "ts_dsp_depthwise.inc"
}
