/* Convolution of each channel by itself over one NHWC picture, int8, four channels of a result at a time, the last four once more if channels
 * are no multiple of four; rounded twice. For few results: weights are unpacked for each.
 * x [height][width][channels], w [kernel_y][kernel_x][channels], y [rows][columns][channels], at least four channels. table: for each channel
 * start of sums, multiplier, zero point with a half, shift, how often sums are doubled, and all ones where halves of negative
 * values go down. seen [kernel_y * kernel_x], edge [channels]: scratch. */
#include "ts_dsp_rows.h"

/* Places of x that one result sees, and for those outside a row of its zero point. */
static inline void ts_places(
    const int8_t **seen, const int8_t *x, const int8_t *edge, int32_t from_y, int32_t from_x, int32_t height, int32_t width, int32_t channels,
    int32_t kernel_y, int32_t kernel_x, int32_t dilation_y, int32_t dilation_x) {
    int32_t y = from_y;
    for (int32_t i = kernel_y; i > 0; i--) {
        int32_t at = from_x;
        for (int32_t k = kernel_x; k > 0; k--) {
            int32_t inside = y >= 0 && y < height && at >= 0 && at < width;
            *seen++ = inside != 0 ? x + (y * width + at) * channels : edge;
            at += dilation_x;
        }
        y += dilation_y;
    }
}

static inline uint32_t ts_bytes_at(const int8_t *p) {
    return *(const ts_word_anywhere *)(const void *)p;
}

void ts_dsp_depthwise_places_int8(
    const int8_t *x, const int32_t *table, const int8_t *w, int8_t *y, void *seen_places, void *edge_row, int32_t height, int32_t width,
    int32_t channels, int32_t rows, int32_t columns, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t x_zero, int32_t least, int32_t most) {
    enum { words_of_channel = 6 };
    const int8_t **seen = seen_places;
    int8_t *edge = edge_row;
    int32_t taps = kernel_y * kernel_x;
    for (int32_t k = 0; k < channels; k++) {
        edge[k] = (int8_t)x_zero;
    }
    for (int32_t i = 0; i < rows; i++) {
        for (int32_t j = 0; j < columns; j++) {
            ts_places(seen, x, edge, i * stride_y - top, j * stride_x - left, height, width, channels, kernel_y, kernel_x, dilation_y, dilation_x);
            for (int32_t k = 0; k < channels; k += 4) {
                k = k + 4 > channels ? channels - 4 : k;
                const int32_t *row = table + words_of_channel * k;
                const int8_t *weights = w + k;
                const int8_t *const *place = seen;
                int32_t sums[4];
                int32_t a = row[0];
                int32_t b = row[words_of_channel];
                int32_t c = row[2 * words_of_channel];
                int32_t d = row[3 * words_of_channel];
                int32_t n = taps;
                do {
                    uint32_t values = ts_bytes_at(*place++ + k);
                    uint32_t factors = ts_bytes_at(weights);
                    weights += channels;
                    uint32_t even = ts_bytes_even(values);
                    uint32_t even_factors = ts_bytes_even(factors);
                    a = ts_mac_low_low(even, even_factors, a);
                    c = ts_mac_high_high(even, even_factors, c);
                    uint32_t odd = ts_bytes_odd(values);
                    uint32_t odd_factors = ts_bytes_odd(factors);
                    b = ts_mac_low_low(odd, odd_factors, b);
                    d = ts_mac_high_high(odd, odd_factors, d);
                } while (--n != 0);
                sums[0] = a;
                sums[1] = b;
                sums[2] = c;
                sums[3] = d;
                for (int32_t m = 0; m < 4; m++) {
                    int32_t sum = sums[m] * (1 << row[4]);
                    int32_t high = ts_high_rounded(sum, row[1], row[2]) + ((sum >> 31) & row[5]);
                    y[k + m] = (int8_t)ts_within(ts_to_int8(high, row[3]), least, most);
                    row += words_of_channel;
                }
            }
            y += channels;
        }
    }
}
