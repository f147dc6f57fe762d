# SPDX-License-Identifier: MIT
"""Runs one firmware in Unicorn: a program of its own that imports nothing of tinsmith.

It is started as ``python unicorn_worker.py``, reads one request frame from stdin and answers with
one frame on stdout (see `bench/protocol.py` for frames; type 16 request, 17 answer; the payload is
a u32 length, that many bytes of JSON, then binary data). The engine's code is under the GPL, so it
stays in this process; a crash of it ends here, too.

Request: {arch, cpu, hook, memories: [[origin, nbytes, perms]], segments: [[address, nbytes]],
entry, symbols: {run, begin, end}, code: [origin, nbytes], steps: [address], copies: [[address,
nbytes, step]], stack: [bottom, nbytes], inputs: [[address, nbytes]], outputs: [[address, nbytes]],
cases, reset_each, timeout_s, alignment}; binary: segments, then the inputs case by case. Or, in
place of inputs and outputs, {calls: [address of a step], block: [[address, nbytes] of arena and
state]}: binary: segments, then what these hold before each call.

Answer: {instructions: [per case], layers: [per step, first case], stack: deepest of all cases,
blocks: [rows per case], unaligned: [count, address, block]}; binary: per case outputs, trace, then
block rows of six u64 (address, size, instructions, count, taken, step). To calls: {instructions,
stack, outside: whether RAM other than block and stack was written, each per call, blocks: rows of
all, unaligned}; binary: the block after each call, then the rows; there a step is its address. Or
{fault: {kind, pc, sp, address, detail}}, nothing binary.
"""

import ctypes
import json
import struct
import sys
import time
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any, BinaryIO

import unicorn
from unicorn import arm_const, riscv_const

HEADER = struct.Struct("<4sBBHII")
PAGE = 4096
BLOCKS = 1 << 18
SCS = 0xE000E000  # System Control Space of Cortex-M (DDI 0403, B3.2); start-up writes CPACR there
KINDS = ("READ", "WRITE", "FETCH")

Mapped = tuple[int, int, int, Any]  # first address, end, where in this process, its owner
Inference = tuple[bytes, bytes, list[bytes], int]  # outputs, trace, block rows, instructions


class Block(ctypes.Structure):
    """ts_block of firmware/emulator/blockhook.c."""

    _fields_ = [
        *((name, ctypes.c_uint64) for name in ("address", "count", "taken")),
        *((name, ctypes.c_uint32) for name in ("size", "instructions")),
        ("step", ctypes.c_uint64),
    ]


class Copy(ctypes.Structure):
    """ts_copy of firmware/emulator/blockhook.c."""

    _fields_ = [("source", ctypes.c_void_p), ("nbytes", ctypes.c_uint64), ("step", ctypes.c_uint64)]


_U64 = ctypes.POINTER(ctypes.c_uint64)
_POINTERS: dict[str, Any] = {
    "blocks": ctypes.POINTER(Block), "copies": ctypes.POINTER(Copy), "steps": _U64,
    "step_instructions": _U64, "order": ctypes.POINTER(ctypes.c_uint32),
    **dict.fromkeys(("code", "trace", "previous"), ctypes.c_void_p),
}  # fmt: skip
_COUNTER = (
    "blocks capacity used lost code code_base code_bytes thumb run active instructions steps "
    "step_instructions step_count entered copies copy_count copied trace previous unaligned "
    "unaligned_address unaligned_block last order by_step"
)


class Counter(ctypes.Structure):
    """ts_counter of firmware/emulator/blockhook.c."""

    _fields_ = [(name, _POINTERS.get(name, ctypes.c_uint64)) for name in _COUNTER.split()]


class Fault(Exception):
    """The firmware did what the board would not survive."""

    def __init__(self, kind: str, pc: int, sp: int, address: int = 0, detail: str = "") -> None:
        super().__init__(kind)
        self.body = {"kind": kind, "pc": pc, "sp": sp, "address": address, "detail": detail}


class Machine:
    """A core with exactly the board's memories, the block hook attached."""

    def __init__(self, request: dict[str, Any], binary: bytes) -> None:
        self.request = request
        self.arm = request["arch"] == "arm"
        self.engine = self._engine()
        self.memory = [self._map(*m) for m in request["memories"]]
        if self.arm:
            self.engine.mem_map(SCS, PAGE, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE)
        self.inputs_at = self._put(request["segments"], binary)
        self.deadline, self.deepest = time.monotonic() + request["timeout_s"], 0
        self.bad: tuple[int, int] | None = None
        self.counter = self._counter()
        self._attach()

    def _engine(self) -> unicorn.Uc:
        if self.arm:
            # Never UC_MODE_MCLASS: it silently turns every model into a Cortex-M33.
            engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
            family, names, known = "ARM", ("PC", "SP", "LR", "R0", "R1"), arm_const
        else:
            engine = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
            family, names, known = "RISCV", ("PC", "SP", "RA", "A0", "A1"), riscv_const
        cpu = f"UC_CPU_{'ARM' if self.arm else 'RISCV32'}_{self.request['cpu']}"
        engine.ctl_set_cpu_model(getattr(known, cpu))  # must come before everything else
        registers = [getattr(known, f"UC_{family}_REG_{n}") for n in names]
        self.pc, self.sp, self.link, self.first, self.second = registers
        return engine

    def _map(self, origin: int, nbytes: int, perms: str) -> Mapped:
        """Map a memory, rounded outwards to the engine's pages of 4 kB; we own its bytes."""
        low, high = origin // PAGE * PAGE, -(-(origin + nbytes) // PAGE) * PAGE
        host = ctypes.create_string_buffer(high - low + PAGE)  # of which aligned pages are taken
        start = -(-ctypes.addressof(host) // PAGE) * PAGE
        bits = {"r": unicorn.UC_PROT_READ, "w": unicorn.UC_PROT_WRITE, "x": unicorn.UC_PROT_EXEC}
        rights = sum(bits[p] for p in perms)
        self.engine.mem_map_ptr(low, high - low, rights, ctypes.c_void_p(start))
        return low, high, start, host

    def _host(self, address: int) -> int:
        """Where an emulated address lies in this process."""
        low, _, start, _ = next(m for m in self.memory if m[0] <= address < m[1])
        return start + address - low

    def _write(self, address: int, data: bytes) -> None:
        ctypes.memmove(self._host(address), bytes(data), len(data))

    def _read(self, address: int, nbytes: int) -> bytes:
        return ctypes.string_at(self._host(address), nbytes)

    def _counter(self) -> Counter:
        r = self.request
        steps, copies = r["steps"], r["copies"]
        self.blocks = (Block * BLOCKS)()
        self.order = (ctypes.c_uint32 * BLOCKS)()
        self.step_list = (ctypes.c_uint64 * max(1, len(steps)))(*steps)
        self.step_instructions = (ctypes.c_uint64 * max(1, len(steps)))()
        self.copy_list = (Copy * max(1, len(copies)))(
            *[Copy(self._host(a), n, step) for a, n, step in copies]
        )
        self.trace = ctypes.create_string_buffer(sum(n for _, n, _ in copies) + 1)
        return Counter(
            blocks=self.blocks, capacity=BLOCKS, code=self._host(r["code"][0]),
            code_base=r["code"][0], code_bytes=r["code"][1], thumb=int(self.arm),
            run=r["symbols"]["run"], steps=self.step_list, step_count=len(steps),
            step_instructions=self.step_instructions, copies=self.copy_list,
            copy_count=len(copies), order=self.order,
        )  # fmt: skip

    def _attach(self) -> None:
        self.hook = ctypes.CDLL(self.request["hook"])
        self.hook.ts_finish_step.argtypes = [ctypes.POINTER(Counter)]
        self.engine.hook_add(unicorn.UC_HOOK_MEM_INVALID, self._on_invalid)
        self._native(unicorn.UC_HOOK_BLOCK, self.hook.ts_on_block)
        if self.request["alignment"]:
            # Unicorn does not fault on unaligned accesses of a core that would. Slow.
            both = unicorn.UC_HOOK_MEM_READ | unicorn.UC_HOOK_MEM_WRITE
            self._native(both, self.hook.ts_on_memory)

    def _native(self, kind: int, function: Any) -> None:
        """Add a hook that is C: the Python binding can only add Python functions."""
        add = unicorn.unicorn_py3.unicorn.uclib.uc_hook_add
        handle = ctypes.c_size_t()
        status = add(
            self.engine._uch, ctypes.byref(handle), kind,
            ctypes.cast(function, ctypes.c_void_p),
            ctypes.cast(ctypes.byref(self.counter), ctypes.c_void_p),
            ctypes.c_uint64(1), ctypes.c_uint64(0),
        )  # fmt: skip
        if status != unicorn.UC_ERR_OK:
            raise unicorn.UcError(status)

    def _on_invalid(self, engine: Any, access: int, address: int, *rest: Any) -> bool:
        self.bad = access, address
        return False

    def reset(self, paint: bytes) -> None:
        """Power on: RAM as painted, registers from the vector table, start-up up to ts_begin."""
        for origin, nbytes, perms in self.request["memories"]:
            if "w" in perms:
                ctypes.memset(self._host(origin), 0, nbytes)
        self._write(self.request["stack"][0], paint)
        entry = self.request["entry"]
        if self.arm:
            stack, entry = struct.unpack("<II", self._read(entry, 8))
            self.engine.reg_write(self.sp, stack)
        self._go(entry, self.request["symbols"]["begin"])

    def _go(self, start: int, until: int) -> None:
        left, self.bad = self.deadline - time.monotonic(), None
        # A block translated while its address was no place to stop would be run through.
        for address in (start & ~1 if self.arm else start, until):
            self.engine.ctl_remove_cache(address, address + 2)
        if left > 0:
            try:
                self.engine.emu_start(start | int(self.arm), until, timeout=int(left * 1e6) + 1)
            except unicorn.UcError as error:
                raise self._fault(error) from None
        pc = self.engine.reg_read(self.pc) & ~int(self.arm)
        if pc != until:
            raise Fault("timeout", pc, self.engine.reg_read(self.sp))

    def _fault(self, error: unicorn.UcError) -> Fault:
        pc, sp = self.engine.reg_read(self.pc), self.engine.reg_read(self.sp)
        if self.bad is None:
            return Fault("instruction", pc, sp, pc, str(error))
        access, address = self.bad
        both = ((k, f"UC_MEM_{k}_{why}") for k in KINDS for why in ("UNMAPPED", "PROT"))
        names = {getattr(unicorn, name): k.lower() for k, name in both}
        return Fault("memory", pc, sp, address, names.get(access, "access"))

    def case(self, data: bytes, by_step: bool) -> Inference:
        """One inference, from ts_begin to ts_end; its blocks for each step by itself or not."""
        r, c = self.request, self.counter
        self._put(r["inputs"], data)
        self._clear()
        ctypes.memset(self.step_instructions, 0, ctypes.sizeof(self.step_instructions))
        c.active = c.copied = 0
        c.previous, c.trace, c.by_step = None, ctypes.addressof(self.trace), int(by_step)
        self._go(r["symbols"]["begin"], r["symbols"]["end"])
        self.hook.ts_finish_step(ctypes.byref(c))
        c.active = 0
        status = ctypes.c_int32(self.engine.reg_read(self.first) & 0xFFFFFFFF).value
        if status != 0:
            pc, sp = self.engine.reg_read(self.pc), self.engine.reg_read(self.sp)
            raise Fault("status", pc, sp, 0, str(status))
        if c.lost or c.entered != len(r["steps"]):
            raise RuntimeError(f"{c.lost} blocks lost, {c.entered} of {len(r['steps'])} steps seen")
        outputs = b"".join(self._read(a, n) for a, n in r["outputs"])
        return outputs, self.trace.raw[:-1], self.rows(), int(c.instructions)

    def _put(self, places: list[list[int]], data: bytes) -> int:
        """Write what lies one behind the other in ``data`` to its places; returns its length."""
        at = 0
        for address, nbytes in places:
            self._write(address, data[at : at + nbytes])
            at += nbytes
        return at

    def _clear(self) -> None:
        c = self.counter
        for place in self.order[: c.used]:  # clearing all would take longer than most runs
            self.blocks[place].size = self.blocks[place].count = self.blocks[place].taken = 0
        c.used = c.lost = c.instructions = c.entered = 0

    def call(self, step: int, block: bytes, odd: int) -> tuple[bytes, int, int, bool]:
        """One step by itself. RAM that it must not write is painted, in odd calls otherwise."""
        r, c = self.request, self.counter
        self._put(r["block"], block)
        (bottom, nbytes), paint = r["stack"], paints(r["stack"][1])[0]
        red = [(at, bytes([0x5A if odd else 0xA5]) * n) for at, n in self._elsewhere()]
        for place in [*red, (bottom, paint)]:
            self._write(*place)
        c.previous, c.active, c.instructions, c.entered, c.by_step = None, 1, 0, step + 1, 1
        self.engine.reg_write(self.sp, bottom + nbytes)
        self.engine.reg_write(self.first, r["block"][0][0])
        self.engine.reg_write(self.second, r["block"][1][0])
        self.engine.reg_write(self.link, r["symbols"]["end"] | int(self.arm))
        self._go(step, r["symbols"]["end"])
        c.active, outside = 0, any(self._read(at, len(was)) != was for at, was in red)
        after = b"".join(self._read(*place) for place in r["block"])
        return after, int(c.instructions), self.depth(paint), outside

    def _elsewhere(self) -> list[tuple[int, int]]:
        """Address and size of all of RAM but stack, arena and state."""
        gaps, found = sorted([self.request["stack"], *self.request["block"]]), []
        for origin, nbytes, perms in self.request["memories"]:
            at = origin
            for low, size in [*gaps, (origin + nbytes, 0)] if "w" in perms else []:
                if origin <= low <= origin + nbytes and low >= at:
                    found.append((at, low - at))
                    at = low + size
        return found

    def rows(self) -> list[bytes]:
        """Blocks in order of their first execution."""
        return [
            struct.pack("<6Q", b.address, b.size, b.instructions, b.count, b.taken, b.step)
            for b in (self.blocks[i] for i in self.order[: self.counter.used])
        ]

    def to_begin(self) -> None:
        """From ts_end to the next ts_begin, keeping states."""
        self._go(self.request["symbols"]["end"], self.request["symbols"]["begin"])

    def depth(self, paint: bytes) -> int:
        """Deepest stack byte that no longer shows the paint, as bytes below the initial SP."""
        now = int.from_bytes(self._read(*self.request["stack"]), "big")
        differ = now ^ int.from_bytes(paint, "big")  # byte by byte would outlast most steps
        return -(-differ.bit_length() // 64) * 8


@cache
def paints(nbytes: int) -> tuple[bytes, bytes]:
    """Two patterns that differ in every byte: a byte that is written differs from one of them."""
    state, out = 1, bytearray()
    for _ in range(nbytes):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        out.append(state >> 16 & 0xFF)
    return bytes(out), bytes(b ^ 0xFF for b in out)


def inferences(machine: Machine, binary: bytes, paint: bytes) -> Iterator[Inference]:
    """Every case in turn; RAM is painted where the machine is reset."""
    r = machine.request
    nbytes = sum(n for _, n in r["inputs"])
    for i in range(r["cases"]):
        if i == 0 or r["reset_each"]:
            machine.reset(paint)
        else:
            machine.to_begin()
        at = machine.inputs_at + i * nbytes
        seen = machine.case(binary[at : at + nbytes], by_step=i == 0)
        machine.deepest = max(machine.deepest, machine.depth(paint))
        yield seen


def run(request: dict[str, Any], binary: bytes) -> tuple[dict[str, Any], bytes]:
    """All cases of a request; returns the answer's JSON and binary parts."""
    machine = Machine(request, binary)
    answer: dict[str, Any] = {"instructions": [], "blocks": []}
    parts: list[bytes] = []
    first, second = paints(request["stack"][1])
    for outputs, trace, rows, instructions in inferences(machine, binary, first):
        if not answer["instructions"]:
            answer["layers"] = list(machine.step_instructions)[: len(request["steps"])]
        answer["instructions"].append(instructions)
        answer["blocks"].append(len(rows))
        parts += [outputs, trace, *rows]
    for _ in inferences(machine, binary, second):
        pass  # once more on the other paint: only now is the depth of every case exact
    answer |= {"stack": machine.deepest, "unaligned": unaligned(machine.counter)}
    return answer, b"".join(parts)


def run_calls(request: dict[str, Any], binary: bytes) -> tuple[dict[str, Any], bytes]:
    """Single steps, each on what arena and state are to hold."""
    machine = Machine({**request, "steps": [], "copies": []}, binary)
    machine.reset(paints(request["stack"][1])[0])
    nbytes, at = sum(n for _, n in request["block"]), machine.inputs_at
    done = []
    for k, step in enumerate(request["calls"]):
        done.append(machine.call(step, binary[at : at + nbytes], k % 2))
        at += nbytes
    if machine.counter.lost:
        raise RuntimeError(f"{machine.counter.lost} blocks lost")
    names, rows = ("instructions", "stack", "outside"), machine.rows()
    answer: dict[str, Any] = {name: [d[k] for d in done] for k, name in enumerate(names, 1)}
    answer |= {"unaligned": unaligned(machine.counter), "blocks": len(rows)}
    return answer, b"".join([*(d[0] for d in done), *rows])


def unaligned(c: Counter) -> list[int]:
    """How many accesses were, the first one's address and block."""
    return [int(c.unaligned), int(c.unaligned_address), int(c.unaligned_block)]


def frame(kind: int, payload: bytes) -> bytes:
    """One frame: header with its own CRC, payload, CRC of both."""
    head = struct.pack("<4sBBHI", b"TSF1", kind, 0, 0, len(payload))
    head += struct.pack("<I", zlib.crc32(head))
    return head + payload + struct.pack("<I", zlib.crc32(payload, zlib.crc32(head)))


def read_frame(stream: BinaryIO) -> bytes:
    """The request frame; a damaged one ends the process."""
    head = stream.read(HEADER.size)
    magic, kind, _, _, length, crc = HEADER.unpack(head)
    payload, (check,) = stream.read(length), struct.unpack("<I", stream.read(4))
    whole = zlib.crc32(payload, zlib.crc32(head))
    if magic != b"TSF1" or kind != 16 or zlib.crc32(head[:12]) != crc or whole != check:
        raise SystemExit("damaged request")
    return payload


def main() -> None:
    """Answer one request."""
    payload = read_frame(sys.stdin.buffer)
    (length,) = struct.unpack_from("<I", payload)
    request, binary = json.loads(payload[4 : 4 + length]), payload[4 + length :]
    try:
        answer, data = (run_calls if "calls" in request else run)(request, binary)
    except Fault as fault:
        answer, data = {"fault": fault.body}, b""
    text = json.dumps(answer).encode()
    sys.stdout.buffer.write(frame(17, struct.pack("<I", len(text)) + text + data))


if __name__ == "__main__":
    main()
