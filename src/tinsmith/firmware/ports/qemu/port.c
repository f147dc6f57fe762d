/* Port "qemu": a blob that the emulator loaded holds the inputs; results leave as frames over the machine's UART; the emulator is
 * told to exit after the last case. ts_machine.h is generated: addresses of blob and UART, end of RAM.
 *
 * Blob, little-endian words: magic "TSB2", cases, reset_each, paint, inputs, outputs, then per input and per output (offset in the
 * arena, bytes), then per case the bytes of all inputs, each padded to 4.
 *
 * The machine does not enforce a board's memories, so the stack is painted with a byte (by the emulator before reset, here after
 * each case) and the 64 bytes behind .bss are a guard. */
#include "../port.h"
#include "frame.h"
#include "ts_machine.h"

#define TS_BLOB ((const uint32_t *)TS_BLOB_ADDRESS)
#define TS_BLOB_MAGIC 0x32425354u

#define TS_HEADER 6u
#define TS_GUARD 64u

extern uint8_t ts_stack_bottom[];
extern uint8_t ts_stack_top[];
extern uint8_t ts_bss_end[];

/* Progress lives in .bss of the port, not of the module. */
static uint32_t ts_case;
static uint32_t ts_deepest;
static const uint32_t *ts_next;

static uint8_t paint(void) {
    return (uint8_t)TS_BLOB[3];
}

static uint8_t guard(void) {
    return (uint8_t)(TS_BLOB[3] ^ 0xFFu);
}

static uint8_t *guard_end(void) {
    uint32_t room = TS_RAM_END - (uint32_t)ts_bss_end;
    return ts_bss_end + (room < TS_GUARD ? room : TS_GUARD);
}

/* Bytes of stack in use since it was painted. Called before anything else of this port runs on it. */
static void look_at_stack(void) {
    const uint8_t *at = ts_stack_bottom;
    while (at < ts_stack_top && *at == paint()) {
        at++;
    }
    uint32_t depth = (uint32_t)(ts_stack_top - at);
    ts_deepest = depth > ts_deepest ? depth : ts_deepest;
}

/* Paints what lies below the stack pointer of the caller's caller; a leaf, so that nothing of it stays behind. */
__attribute__((noinline)) static void paint_stack(void) {
    uint8_t *sp;
#if defined(__arm__)
    __asm__ volatile("mov %0, sp" : "=r"(sp));
#else
    __asm__ volatile("mv %0, sp" : "=r"(sp));
#endif
    for (volatile uint8_t *at = ts_stack_bottom; at < sp; at++) {
        *at = paint();
    }
    for (volatile uint8_t *at = ts_bss_end; at < guard_end(); at++) {
        *at = guard();
    }
}

#if defined(__arm__)
/* CMSDK APB UART (Arm DDI 0479, section 4.3): DATA, STATE (bit 0: transmit buffer full), CTRL (bit 0: transmit enable), BAUDDIV. */
static volatile uint32_t *const ts_uart = (volatile uint32_t *)TS_UART_ADDRESS;

static void uart_open(void) {
    ts_uart[4] = 16;
    ts_uart[2] = 1;
}

void ts_frame_byte(uint8_t byte) {
    while ((ts_uart[1] & 1u) != 0) {
    }
    ts_uart[0] = byte;
}

/* Semihosting SYS_EXIT_EXTENDED with ADP_Stopped_ApplicationExit (Arm, Semihosting for AArch32 and AArch64, section 6). */
static void leave(uint32_t code) {
    volatile uint32_t block[2];
    block[0] = 0x20026u;
    block[1] = code;
    register uint32_t operation __asm__("r0") = 0x20u;
    register volatile uint32_t *argument __asm__("r1") = block;
    __asm__ volatile("bkpt 0xab" : "+r"(operation) : "r"(argument) : "memory");
    for (;;) {
    }
}
#else
/* 16550 (transmit holding register 0, line status 5: bit 5 = empty) and the test finisher of QEMU's "virt" machine. */
static volatile uint8_t *const ts_uart = (volatile uint8_t *)TS_UART_ADDRESS;

static void uart_open(void) {
}

void ts_frame_byte(uint8_t byte) {
    while ((ts_uart[5] & 0x20u) == 0) {
    }
    ts_uart[0] = byte;
}

static void leave(uint32_t code) {
    *(volatile uint32_t *)0x100000u = code == 0 ? 0x5555u : (code << 16) | 0x3333u;
    for (;;) {
    }
}
#endif

static void finish(uint8_t type, uint32_t value, uint32_t code) {
    uint32_t words[2] = {value, ts_deepest};
    uint8_t payload[8];
    uint32_t length = type == TS_FRAME_DONE ? 8 : 4;
    for (uint32_t i = 0; i < length; i++) {
        payload[i] = (uint8_t)(words[i / 4] >> (8 * (i % 4)));
    }
    uint32_t crc = ts_frame_open(type, (uint16_t)ts_case, length);
    crc = ts_frame_write(crc, payload, length);
    ts_frame_close(crc);
    leave(code);
}

static void check_guard(void) {
    for (const uint8_t *at = ts_bss_end; at < guard_end(); at++) {
        if (*at != guard()) {
            finish(TS_FRAME_FAULT, 0x6A2Du, 5);
        }
    }
}

__attribute__((noinline)) static void load_case(void) {
    const uint32_t *blob = TS_BLOB;
    if (ts_next == NULL) {
        look_at_stack();
        uart_open();
        if (blob[0] != TS_BLOB_MAGIC) {
            finish(TS_FRAME_FAULT, 0xB10Bu, 3);
        }
        ts_next = blob + TS_HEADER + 2 * (blob[4] + blob[5]);
    }
    if (ts_case == blob[1]) {
        finish(TS_FRAME_DONE, ts_case, 0);
    }
    if (blob[2] != 0) {
        ts_reset();
    }
    for (uint32_t i = 0; i < blob[4]; i++) {
        uint8_t *to = ts_arena + blob[TS_HEADER + 2 * i];
        const uint8_t *from = (const uint8_t *)ts_next;
        uint32_t n = blob[TS_HEADER + 1 + 2 * i];
        for (uint32_t k = 0; k < n; k++) {
            to[k] = from[k];
        }
        ts_next += (n + 3) / 4;
    }
}

void ts_begin(void) {
    load_case();
    paint_stack();
}

__attribute__((noinline)) static void send_outputs(int32_t status) {
    const uint32_t *outputs = TS_BLOB + TS_HEADER + 2 * TS_BLOB[4];
    uint32_t count = TS_BLOB[5];
    uint32_t total = 0;
    check_guard();
    if (status != 0) {
        finish(TS_FRAME_STATUS, (uint32_t)status, 4);
    }
    for (uint32_t i = 0; i < count; i++) {
        total += outputs[2 * i + 1];
    }
    uint32_t crc = ts_frame_open(TS_FRAME_OUTPUTS, (uint16_t)ts_case, total);
    for (uint32_t i = 0; i < count; i++) {
        crc = ts_frame_write(crc, ts_arena + outputs[2 * i], outputs[2 * i + 1]);
    }
    ts_frame_close(crc);
    ts_case++;
}

void ts_end(int32_t status) {
    look_at_stack();
    send_outputs(status);
}

void ts_fault(uint32_t cause) {
    uart_open();
    finish(TS_FRAME_FAULT, cause, 2);
}
