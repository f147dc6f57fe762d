/* Counts what an emulated core executes, one call per basic block. Built as a freestanding shared object for the host and called by
 * the emulator itself, so that nothing is interpreted per block. Layouts are mirrored in bench/unicorn_worker.py.
 *
 * Blocks are counted from the entry of `run` on until the caller clears `active`. Work between the entries of two steps belongs to
 * the first of the two; what comes before the first step belongs to step 0. */
#include <stdint.h>

typedef struct {
    uint64_t address;
    uint64_t count;
    uint64_t taken; /* times that the next block did not begin where this one ends */
    uint32_t size;
    uint32_t instructions;
    uint64_t step; /* that executed it; 0 where steps are not told apart */
} ts_block;

typedef struct {
    const uint8_t *from;
    uint64_t nbytes;
    uint64_t step; /* copied once this step is done */
} ts_copy;

typedef struct {
    ts_block *blocks; /* open addressing; size 0 = free */
    uint64_t capacity; /* power of two */
    uint64_t used;
    uint64_t lost; /* blocks that found no place or lie outside the code: any makes the count invalid */
    const uint8_t *code;
    uint64_t code_base;
    uint64_t code_bytes;
    uint64_t thumb;
    uint64_t run;
    uint64_t active;
    uint64_t instructions;
    const uint64_t *steps;
    uint64_t *step_instructions;
    uint64_t step_count;
    uint64_t entered; /* steps entered so far in this run */
    const ts_copy *copies;
    uint64_t copy_count;
    uint64_t copied;
    uint8_t *trace; /* where the next copy goes */
    ts_block *previous;
    uint64_t unaligned; /* accesses seen by ts_memory that are not aligned to their size, at most 4 */
    uint64_t unaligned_address;
    uint64_t unaligned_block;
    uint64_t last; /* address of the last block, counted or not */
    uint32_t *order; /* places of the used blocks, in order of their first execution */
    uint64_t by_step; /* whether a block is counted for each step by itself */
} ts_counter;

void ts_finish_step(ts_counter *c);
void ts_on_block(void *engine, uint64_t address, uint32_t size, void *data);
void ts_on_memory(void *engine, int type, uint64_t address, int size, int64_t value, void *data);

/* Copies the outputs of the step that is done. */
void ts_finish_step(ts_counter *c) {
    while (c->copied < c->copy_count && c->copies[c->copied].step < c->entered) {
        const ts_copy *copy = &c->copies[c->copied++];
        for (uint64_t i = 0; i < copy->nbytes; i++) {
            c->trace[i] = copy->from[i];
        }
        c->trace += copy->nbytes;
    }
}

/* Instructions in a block. Thumb: a halfword whose top five bits are 11101, 11110 or 11111 begins a 32-bit instruction (DDI 0403,
 * A5.1). RISC-V: low bits 11 mean 32 bits (Volume I, 1.5). */
static uint32_t instructions_in(const ts_counter *c, uint64_t address, uint32_t size) {
    uint32_t n = 0;
    const uint8_t *p = c->code + (address - c->code_base);
    for (uint32_t i = 0; i < size; n++) {
        int wide = c->thumb ? (p[i + 1] >> 3) >= 0x1D : (p[i] & 3) == 3;
        i += wide ? 4 : 2;
    }
    return n;
}

static ts_block *find(ts_counter *c, uint64_t address, uint32_t size) {
    uint64_t mask = c->capacity - 1;
    uint64_t step = c->by_step && c->entered ? c->entered - 1 : 0;
    uint64_t at = ((address >> 1) * 0x9E3779B97F4A7C15u + step * 0xD6E8FEB86659FD93u) >> 20 & mask;
    while (c->blocks[at].size != 0) {
        if (c->blocks[at].address == address && c->blocks[at].size == size && c->blocks[at].step == step) {
            return &c->blocks[at];
        }
        at = (at + 1) & mask;
    }
    if (c->used * 2 >= c->capacity || address < c->code_base || address + size > c->code_base + c->code_bytes) {
        return 0;
    }
    c->order[c->used++] = (uint32_t)at;
    c->blocks[at].address = address;
    c->blocks[at].size = size;
    c->blocks[at].step = step;
    c->blocks[at].instructions = instructions_in(c, address, size);
    return &c->blocks[at];
}

void ts_on_block(void *engine, uint64_t address, uint32_t size, void *data) {
    ts_counter *c = data;
    (void)engine;
    c->last = address;
    if (!c->active) {
        if (address != c->run) {
            return;
        }
        c->active = 1;
    }
    if (c->previous && c->previous->address + c->previous->size != address) {
        c->previous->taken++;
    }
    if (c->entered < c->step_count && address == c->steps[c->entered]) {
        ts_finish_step(c);
        c->entered++;
    }
    ts_block *block = size ? find(c, address, size) : 0;
    c->previous = block;
    if (!block) {
        c->lost++;
        return;
    }
    block->count++;
    c->instructions += block->instructions;
    if (c->step_count) {
        c->step_instructions[c->entered ? c->entered - 1 : 0] += block->instructions;
    }
}

void ts_on_memory(void *engine, int type, uint64_t address, int size, int64_t value, void *data) {
    ts_counter *c = data;
    (void)engine;
    (void)type;
    (void)value;
    uint64_t wanted = size > 4 ? 4 : (uint64_t)size; /* pairs of registers only need the alignment of a word */
    if (wanted > 0 && (address & (wanted - 1)) != 0 && c->unaligned++ == 0) {
        c->unaligned_address = address;
        c->unaligned_block = c->last;
    }
}
