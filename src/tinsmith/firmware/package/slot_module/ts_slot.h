/* The format of a slot: a module binary that is executed in place. All words are little-endian; offsets count from the first byte.
 *
 *   0  magic "TSM1"        4  abi              8  flags: bit 0 Thumb, bit 1 single-precision FPU, bit 2 RISC-V
 *  12  arena bytes        16  state bytes     20  alignment of both
 *  24  length of all      28  init, 32 reset, 36 run: offsets (on Arm with bit 0 set, ready to be called)
 *  40  CRC-32 (IEEE 802.3, reflected, polynomial 0xEDB88320) of everything, with this word taken as 0
 *  44  run_step: offset
 *
 * The functions are those of the module's own header: init and reset take the state, run takes arena and state, run_step takes
 * arena, state and the number of the step. A run may overwrite inputs: write all of them before each. The slot begins at a multiple of 16. */
#ifndef TS_SLOT_H
#define TS_SLOT_H

#include <stddef.h>
#include <stdint.h>

#define TS_SLOT_MAGIC 0x314D5354u
#define TS_SLOT_ABI 3u
#define TS_SLOT_ALIGN 16u

typedef struct {
    uint32_t magic;
    uint32_t abi;
    uint32_t flags;
    uint32_t arena_bytes;
    uint32_t state_bytes;
    uint32_t align;
    uint32_t length;
    uint32_t init;
    uint32_t reset;
    uint32_t run;
    uint32_t crc;
    uint32_t run_step;
} ts_slot_header;

/* What this program's core can run. */
#if defined(__thumb__) && defined(__ARM_FP)
#define TS_SLOT_FLAGS 3u
#elif defined(__thumb__)
#define TS_SLOT_FLAGS 1u
#elif defined(__riscv)
#define TS_SLOT_FLAGS 4u
#else
#error "tinsmith: slots are for Arm (Thumb) and RISC-V"
#endif

typedef enum {
    TS_SLOT_USABLE = 0,
    TS_SLOT_MISALIGNED = 1,  /* the slot does not begin at a multiple of 16 */
    TS_SLOT_EMPTY = 2,       /* there is no module in it */
    TS_SLOT_OTHER_ABI = 3,   /* the module has another interface */
    TS_SLOT_OTHER_CORE = 4,  /* the module needs another instruction set, or an FPU */
    TS_SLOT_BAD_LENGTH = 5,  /* it is longer than the room in the slot, or shorter than its header */
    TS_SLOT_DAMAGED = 6,     /* the check value is not that of the content */
    TS_SLOT_BAD_ENTRY = 7    /* a function lies outside */
} ts_slot_answer;

static inline const ts_slot_header *ts_slot_head(const void *slot) {
    return (const ts_slot_header *)slot;
}

static inline uint32_t ts_slot_crc(const void *slot, uint32_t length) {
    const uint8_t *bytes = (const uint8_t *)slot;
    uint32_t crc = 0xFFFFFFFFu;
    for (uint32_t i = 0; i < length; i++) {
        crc ^= i - offsetof(ts_slot_header, crc) < 4u ? 0u : (uint32_t)bytes[i];
        for (int k = 0; k < 8; k++) {
            crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xEDB88320u : 0u);
        }
    }
    return crc ^ 0xFFFFFFFFu;
}

/* Whether an offset is that of a function: behind the header, inside, and on Thumb with bit 0 set. */
static inline int ts_slot_entry(const ts_slot_header *head, uint32_t offset) {
    return offset >= sizeof(ts_slot_header) && offset < head->length && (offset & 1u) == (head->flags & 1u);
}

/* Looks at everything before anything of it is called; `room` is how many bytes may be read from the slot. */
static inline ts_slot_answer ts_slot_check(const void *slot, uint32_t room) {
    const ts_slot_header *head = ts_slot_head(slot);
    if ((uintptr_t)slot % TS_SLOT_ALIGN != 0) {
        return TS_SLOT_MISALIGNED;
    }
    if (room < sizeof(ts_slot_header) || head->magic != TS_SLOT_MAGIC) {
        return TS_SLOT_EMPTY;
    }
    if (head->abi != TS_SLOT_ABI) {
        return TS_SLOT_OTHER_ABI;
    }
    if ((head->flags & ~TS_SLOT_FLAGS) != 0) {
        return TS_SLOT_OTHER_CORE;
    }
    if (head->length < sizeof(ts_slot_header) || head->length > room) {
        return TS_SLOT_BAD_LENGTH;
    }
    if (ts_slot_crc(slot, head->length) != head->crc) {
        return TS_SLOT_DAMAGED;
    }
    if (!ts_slot_entry(head, head->init) || !ts_slot_entry(head, head->reset) || !ts_slot_entry(head, head->run) ||
        !ts_slot_entry(head, head->run_step)) {
        return TS_SLOT_BAD_ENTRY;
    }
    return TS_SLOT_USABLE;
}

static inline void ts_slot_init(const void *slot, void *state) {
    ((void (*)(void *))((uintptr_t)slot + ts_slot_head(slot)->init))(state);
}

static inline void ts_slot_reset(const void *slot, void *state) {
    ((void (*)(void *))((uintptr_t)slot + ts_slot_head(slot)->reset))(state);
}

static inline int32_t ts_slot_run(const void *slot, void *arena, void *state) {
    return ((int32_t (*)(void *, void *))((uintptr_t)slot + ts_slot_head(slot)->run))(arena, state);
}

static inline int32_t ts_slot_run_step(const void *slot, void *arena, void *state, int32_t step) {
    return ((int32_t (*)(void *, void *, int32_t))((uintptr_t)slot + ts_slot_head(slot)->run_step))(arena, state, step);
}

#endif
