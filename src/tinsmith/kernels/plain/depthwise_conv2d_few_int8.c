/* Convolution of each channel by itself over NHWC, int8, requantised, for pictures of few results: window by window, where
 * x lies. Places outside x are skipped. w [kernel_y][kernel_x][out] signed, bias [out], factors [count][2]:
 * m, n - 1, for each result or for all (ts_plain_requantised), out = channels * multiplier;
 * twice, sign, base, span, high: ts_plain_result. x [batch][height][width][channels],
 * y [batch][rows][across][out]. */
#include "ts_plain.h"
#include "ts_inside.h"

void ts_plain_depthwise_conv2d_few_int8(
    const int8_t *x, const int8_t *w, const int32_t *bias, const int32_t *factors, int8_t *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t across, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t multiplier, int32_t zero,
    int32_t count, int32_t twice, int32_t sign, int32_t base, int32_t span, int32_t high) {
    int32_t further = count > 1 ? 2 : 0;
    int32_t out = channels * multiplier;
    ts_plain_result to = {(uint32_t)twice, sign, base, span, high};
    for (int32_t place = 0; place < batch * rows * across; place++) {
        const int8_t *picture = x + place / (rows * across) * height * width * channels;
        int32_t from_y = place / across % rows * stride_y - top;
        int32_t from_x = place % across * stride_x - left;
        int32_t down, along;
        int32_t ky = ts_inside(from_y, kernel_y, dilation_y, height, &down);
        int32_t kx = ts_inside(from_x, kernel_x, dilation_x, width, &along);
        const int8_t *first = picture + ((from_y + ky * dilation_y) * width + from_x + kx * dilation_x) * channels;
        const int8_t *weights = w + (ky * kernel_x + kx) * out;
        int32_t step = dilation_x * channels, next = (dilation_y * width - along * dilation_x) * channels;
        int32_t w_step = out, w_next = (kernel_x - along) * out;
        if (along == 1) { /* a column of taps is a row, seen from the side */
            step += next;
            w_step += w_next;
            along = down;
            down = 1;
        }
        const int32_t *start = bias;
        const int32_t *factor = factors;
        for (int32_t c = 0; c < channels; c++, first++) {
            for (int32_t m = 0; m < multiplier; m++, weights++, factor += further) {
                int32_t sum = *start++;
                const int8_t *value = first;
                const int8_t *weight = weights;
                for (int32_t i = 0; i < down; i++) {
                    for (int32_t j = 0; j < along; j++, value += step, weight += w_step) {
                        sum += (*value - zero) * *weight;
                    }
                    value += next;
                    weight += w_next;
                }
                *y++ = ts_plain_requantised(sum, factor[0], factor[1], to);
            }
        }
    }
}
