/* Frames: how a device answers over a byte stream. Python twin: bench/protocol.py.
 *
 *   "TSF1"  type u8  0 u8  sequence u16  length u32  header_crc u32  payload[length]  payload_crc u32      (little-endian)
 *
 * header_crc is CRC-32 of the 12 bytes before it; payload_crc is CRC-32 of the 16 header bytes and the payload. */
#ifndef TS_FRAME_H
#define TS_FRAME_H

#include <stdint.h>

enum {
    TS_FRAME_OUTPUTS = 1, /* all outputs of case `sequence` */
    TS_FRAME_DONE = 2,    /* u32: cases that were run; u32: bytes of stack that lost their paint, counted from its top */
    TS_FRAME_FAULT = 3,   /* u32: exception number (Arm), mcause (RISC-V), 0xB10B: no inputs were loaded, or 0x6A2D: the guard
                             behind the program's RAM was overwritten */
    TS_FRAME_STATUS = 4   /* u32: run returned this instead of 0 */
};

uint32_t ts_frame_open(uint8_t type, uint16_t sequence, uint32_t length);
uint32_t ts_frame_write(uint32_t crc, const uint8_t *data, uint32_t n);
void ts_frame_close(uint32_t crc);
void ts_frame_byte(uint8_t byte); /* the port: sends one byte */

#endif
