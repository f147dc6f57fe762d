/* Convolution of each channel by itself over NHWC, float32, and what follows it (ts_float_finish); places outside x are
 * skipped. x [batch][height][width][channels], w [kernel_y][kernel_x][channels], b [channels],
 * y [batch][rows][across][channels]. */
#include "ts_float_block.h"
#include "ts_inside.h"

enum { TS_FLOAT_CHANNELS = 8 };

/* The taps of a window that lie inside x: rows of `count` of them; bytes from the last of eight channels of a tap to the first
 * of the next, then from behind a row of taps to the next one, of x and of w; what the channels' sums start at. */
typedef struct {
    int32_t rows, count, x_step, x_row, w_step, w_row;
    const float *bias;
} ts_float_taps;

#if TS_FLOAT_ASSEMBLER

/* Eight channels of a result. */
TS_FLOAT_NAKED static void ts_float_eight(
    const float *x TS_FLOAT_GIVEN, const float *w TS_FLOAT_GIVEN, const ts_float_taps *taps TS_FLOAT_GIVEN,
    float *sums TS_FLOAT_GIVEN) {
    __asm__(".syntax unified\n push {r4, r5, r6, r7, r8, lr}\n vpush {s16, s17, s18, s19, s20, s21, s22, s23}\n"
            "ldr r12, [r2, #24]\n vldmia r12, {s0, s1, s2, s3, s4, s5, s6, s7}\n ldmia r2, {r2, r4, r5, r6, r7, r8}\n"
            "cmp r2, #0\n beq 3f\n cmp r4, #0\n beq 3f\n"
            "1: mov r12, r4\n"
            "2: vldmia r0!, {s8, s9, s10, s11, s12, s13, s14, s15}\n"
            "vldmia r1!, {s16, s17, s18, s19, s20, s21, s22, s23}\n"
            "add r0, r0, r5\n add r1, r1, r7\n"
            "vmul.f32 s8, s8, s16\n vmul.f32 s9, s9, s17\n vmul.f32 s10, s10, s18\n vmul.f32 s11, s11, s19\n"
            "vmul.f32 s12, s12, s20\n vmul.f32 s13, s13, s21\n vmul.f32 s14, s14, s22\n vmul.f32 s15, s15, s23\n"
            "vadd.f32 s0, s0, s8\n vadd.f32 s1, s1, s9\n vadd.f32 s2, s2, s10\n vadd.f32 s3, s3, s11\n"
            "vadd.f32 s4, s4, s12\n vadd.f32 s5, s5, s13\n vadd.f32 s6, s6, s14\n vadd.f32 s7, s7, s15\n"
            "subs r12, r12, #1\n bne 2b\n"
            "add r0, r0, r6\n add r1, r1, r8\n subs r2, #1\n bne 1b\n"
            "3: vstmia r3, {s0, s1, s2, s3, s4, s5, s6, s7}\n"
            "vpop {s16, s17, s18, s19, s20, s21, s22, s23}\n pop {r4, r5, r6, r7, r8, pc}\n");
}

#endif

/* The next `channels` of a result. */
static inline void ts_float_some(const float *x, const float *w, const ts_float_taps *taps, float *sums, int32_t channels) {
    int32_t back = TS_FLOAT_CHANNELS;
    for (int32_t c = 0; c < channels; c++) {
        sums[c] = taps->bias[c];
    }
    for (int32_t row = 0; row < taps->rows; row++) {
        for (int32_t k = 0; k < taps->count; k++) {
            for (int32_t c = 0; c < channels; c++) {
                sums[c] += ts_f32(x[c] * w[c]);
            }
            x += back + taps->x_step / 4;
            w += back + taps->w_step / 4;
        }
        x += taps->x_row / 4;
        w += taps->w_row / 4;
    }
}

void ts_float_depthwise_conv2d_float32(
    const float *x, const float *w, const float *b, float *y,
    int32_t batch, int32_t height, int32_t width, int32_t channels,
    int32_t rows, int32_t across, int32_t kernel_y, int32_t kernel_x, int32_t stride_y, int32_t stride_x,
    int32_t dilation_y, int32_t dilation_x, int32_t top, int32_t left, int32_t follows, float least, float most) {
    float *to = y;
    for (int32_t place = 0; place < batch * rows * across; place++) {
        const float *picture = x + place / (rows * across) * height * width * channels;
        int32_t from_y = place / across % rows * stride_y - top;
        int32_t from_x = place % across * stride_x - left;
        ts_float_taps taps;
        int32_t ky = ts_inside(from_y, kernel_y, dilation_y, height, &taps.rows);
        int32_t kx = ts_inside(from_x, kernel_x, dilation_x, width, &taps.count);
        taps.x_step = (dilation_x * channels - TS_FLOAT_CHANNELS) * 4;
        taps.w_step = (channels - TS_FLOAT_CHANNELS) * 4;
        taps.x_row = (dilation_y * width - taps.count * dilation_x) * channels * 4;
        taps.w_row = (kernel_x - taps.count) * channels * 4;
        const float *from = picture + ((from_y + ky * dilation_y) * width + from_x + kx * dilation_x) * channels;
        const float *weights = w + (ky * kernel_x + kx) * channels;
        taps.bias = b;
        int32_t c = 0;
#if TS_FLOAT_ASSEMBLER
        for (; c + TS_FLOAT_CHANNELS <= channels; c += TS_FLOAT_CHANNELS) {
            ts_float_eight(from + c, weights + c, &taps, to + c);
            taps.bias += TS_FLOAT_CHANNELS;
        }
#endif
        ts_float_some(from + c, weights + c, &taps, to + c, channels - c);
        to += channels;
    }
    ts_float_finish(y, batch * rows * across * channels, follows, least, most);
}
