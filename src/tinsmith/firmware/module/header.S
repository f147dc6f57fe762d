/* Header of a module binary: a flat, position-independent image that runs wherever it is copied (aligned to 16 bytes).
 * ts_module.inc is generated: names and sizes. All words little-endian; the CRC is filled in after linking.
 *
 *   0  magic "TSM1"        4  abi              8  flags: bit 0 Thumb, bit 1 single-precision FPU, bit 2 RISC-V
 *  12  arena bytes        16  state bytes     20  alignment of both
 *  24  length of all      28  init, 32 reset, 36 run: offsets from here (on Arm with bit 0 set, ready to be called)
 *  40  CRC-32 (IEEE 802.3) of everything but this word, taken as 0
 *  44  run_step: offset from here, as those of init, reset and run */
#include "ts_module.inc"

    .section .header, "a"
    .balign 16
    .globl ts_module_header
ts_module_header:
    .ascii "TSM1"
    .4byte TS_MODULE_ABI
    .4byte TS_MODULE_FLAGS
    .4byte TS_MODULE_ARENA_BYTES
    .4byte TS_MODULE_STATE_BYTES
    .4byte TS_MODULE_ALIGN
    .4byte ts_module_end - ts_module_header
    .4byte TS_MODULE_INIT - ts_module_header
    .4byte TS_MODULE_RESET - ts_module_header
    .4byte TS_MODULE_RUN - ts_module_header
    .4byte 0
    .4byte TS_MODULE_RUN_STEP - ts_module_header
