/* Writes frames byte by byte: no buffer, so a result of any size fits. CRC-32 as in IEEE 802.3 (reflected, 0xEDB88320). */
#include "frame.h"

static uint32_t step(uint32_t crc, uint8_t byte) {
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++) {
        crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xEDB88320u : 0u);
    }
    return crc;
}

static uint32_t put(uint32_t crc, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));
        ts_frame_byte(byte);
        crc = step(crc, byte);
    }
    return crc;
}

uint32_t ts_frame_open(uint8_t type, uint16_t sequence, uint32_t length) {
    uint32_t crc = put(0xFFFFFFFFu, 0x31465354u, 4);
    crc = put(crc, type, 2);
    crc = put(crc, sequence, 2);
    crc = put(crc, length, 4);
    return put(crc, ~crc, 4);
}

uint32_t ts_frame_write(uint32_t crc, const uint8_t *data, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        ts_frame_byte(data[i]);
        crc = step(crc, data[i]);
    }
    return crc;
}

void ts_frame_close(uint32_t crc) {
    put(0, ~crc, 4);
}
