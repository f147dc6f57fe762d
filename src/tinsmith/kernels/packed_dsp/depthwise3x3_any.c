/* Convolution of each channel by itself, int8, weights 3 x 3 packed, results one apart along lines; rounded twice, with any factor and bounds.
 * Arguments: ts_dsp_depthwise3x3.inc; the table and the last two: ts_packed_dsp_depthwise.h. */
#define TS_APART 1
#define TS_WAY any
#include "ts_packed_dsp_depthwise.h"

void ts_packed_dsp_depthwise3x3_any(
    const int8_t *x, const int32_t *table, int8_t *y, void *scratch, int32_t words, int32_t far, int32_t first,
    int32_t lines, int32_t length, int32_t step, int32_t line_step, int32_t pitch, int32_t channels, int32_t each,
    int32_t rows, int32_t columns, int32_t to_step, int32_t to_line_step, int32_t line_words, int32_t gap,
    int32_t x_zero, int32_t zero, int32_t low, int32_t high, int32_t low_weight, int32_t spacing) {
    ts_word *planes = scratch;
    ts_word unpacked[4];
    const ts_reading reading = ts_reading_of(lines, length, step, line_step, pitch, first);
#include "ts_dsp_depthwise3x3.inc"
}
