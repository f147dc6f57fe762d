"""Calls single steps where no emulator has the board's memories: on the machine of QEMU that stands
in for a Cortex-M55, by a program beside the image (firmware/emulator/step_driver.c). The image is
executed byte for byte as it is linked, at its own addresses; its RAM lies elsewhere."""

import shutil
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tinsmith.bench.faults import fault_error, timeout_error
from tinsmith.bench.layout import pack_inputs, slots, unpack
from tinsmith.bench.outcome import PAINTED, Outcome, RunOptions
from tinsmith.bench.runners.qemu import emulator_version, vectors_of
from tinsmith.bench.step_call import Blocks, StepCall, Stepped, StepResult, by_function
from tinsmith.build.firmware import Firmware
from tinsmith.build.image import Link, entry_symbol, firmware_text, link_elf
from tinsmith.build.linker import linker_script
from tinsmith.build.machines import Machine, machine_for, stand_in
from tinsmith.build.objects import compile_all, compiler_for
from tinsmith.build.plugins import plugin
from tinsmith.build.sizes import load_segments, symbols
from tinsmith.build.toolchain import toolchains_for
from tinsmith.core.errors import InternalError, UserError
from tinsmith.core.process import Command, OutOfTime, run_child
from tinsmith.core.quantity import Emulated
from tinsmith.devices.board import Board, Memory

_OPEN = range(0x80000000, 0x90000000)
"""Memory of the machine that is not Secure (Arm DAI 0547: DDR4; bit 28 of an address)."""
_ALIGNED = 1 << 24
_PAGE = 1 << 10
"""What the emulator protects fast; the owner of memory is rounded outwards to it."""
_MAGIC, _MOST_RED = 0x31435354, 8
_SOURCES = ("ports/port.h", "ports/memory.c", "ports/start/thumb.c", "emulator/step_driver.c")
_STACK = 4096
_Span = tuple[int, int]


@dataclass(frozen=True)
class _Job:
    """A function to call with two arguments; ``state``: None leaves it as it is."""

    function: int
    arguments: tuple[int, int]
    arena: bytes
    state: bytes | None


@dataclass(frozen=True)
class _Done:
    arena: bytes
    state: bytes
    depth: int
    outside: bool
    returned: int
    instructions: int


def refuses(board: Board) -> str:
    """Why steps of a board cannot be called so; empty where they can."""
    machine = stand_in(board.core)
    if machine is None or machine.name != "mps3-an547":
        return f"no machine of QEMU calls steps of {board.core.title}"
    flash = _memory(board, "flash")
    if flash.origin not in _OPEN or _ram_at(board) + _memory(board, "ram").nbytes > _OPEN.stop:
        return f"machine {machine.name} has no memory at the addresses of its flash"
    return ""


def step_calls(
    firmware: Firmware, board: Board, calls: Sequence[StepCall], options: RunOptions
) -> Stepped:
    """Single steps of the linked image, each by itself.

    Raises:
        UserError ``bench.*``: a fault or a time-out; MissingTool.
    """
    place, module = _Place(firmware, board), firmware.module
    jobs = [
        _Job(firmware.symbols[module.steps[c.node]], place.arguments, c.arena, c.state)
        for c in calls
    ]
    done, executed = _called(place, jobs, options)
    results = [StepResult(d.arena, d.state, d.instructions, d.depth, d.outside) for d in done]
    return Stepped(tuple(results), executed)


def run(firmware: Firmware, board: Board, options: RunOptions) -> Outcome:
    """Whole inferences: init and run of the module, called for each case."""
    place, module, tool = _Place(firmware, board), firmware.module, emulator_version(board)
    inputs, wanted = slots(module, module.graph.inputs), slots(module, module.graph.outputs)
    jobs = []
    for case in pack_inputs(module, options):
        arena, at = bytearray(module.plan.arena_bytes), 0
        for s in inputs:
            arena[s.offset : s.offset + s.nbytes] = case[at : at + s.nbytes]
            at += s.nbytes
        init, start = (firmware.symbols[f"{module.name}_{f}"] for f in ("init", "run"))
        state = bytes(module.plan.state_bytes)
        jobs += [_Job(init, (place.arguments[1], 0), bytes(arena), state),
                 _Job(start, place.arguments, bytes(arena), None)]  # fmt: skip
    done = _called(place, jobs, options)[0][1::2]
    if any(d.returned for d in done):
        fault = {"kind": "status", "detail": str(max(d.returned for d in done))}
        raise fault_error(firmware, board, {**fault, "pc": 0, "sp": 0, "address": 0})
    rows = [b"".join(d.arena[s.offset : s.offset + s.nbytes] for s in wanted) for d in done]
    count = partial(Emulated, unit="instructions", board=board.id, source=tool)
    return Outcome(
        runner="qemu", runner_version=tool, method="emulated", board=board.id,
        outputs=unpack(module, wanted, rows),
        instructions=tuple(count(d.instructions) for d in done),
        stack=Emulated(max(d.depth for d in done), "B", board.id, tool, len(done), PAINTED),
    )  # fmt: skip


def _memory(board: Board, role: str) -> Memory:
    return next(m for m in board.memories if m.role == role)


def _ram_at(board: Board) -> int:
    """Where a board's RAM lies in the machine: behind its flash, as far from a multiple of 16 MiB
    as on the board, so that all alignment is the same."""
    flash, ram = _memory(board, "flash"), _memory(board, "ram")
    return -(-(flash.origin + flash.nbytes) // _ALIGNED) * _ALIGNED + ram.origin % _ALIGNED


class _Place:
    """Where an image lies in the machine."""

    def __init__(self, firmware: Firmware, board: Board) -> None:
        if reason := refuses(board):
            raise UserError(
                "bench.board", f"Steps of board {board.id!r} cannot be called: {reason}."
            )
        self.firmware, self.board, self.machine = firmware, board, machine_for(board)
        self.flash, ram = _memory(board, "flash"), _memory(board, "ram")
        self.moved = _ram_at(board) - ram.origin
        known, plan = firmware.symbols, firmware.module.plan
        self.ram: _Span = (ram.origin + self.moved, ram.nbytes)
        self.stack: _Span = (known["ts_stack_bottom"] + self.moved, firmware.stack_bytes)
        self.arena: _Span = (known["ts_arena"] + self.moved, plan.arena_bytes)
        state = known.get("ts_state", known["ts_arena"] + plan.arena_bytes)
        self.state: _Span = (state + self.moved, plan.state_bytes)
        self.arguments = self.arena[0], self.state[0]
        begin, end = self.stack[0] // _PAGE * _PAGE, known["ts_bss_end"] + self.moved
        self.owned: _Span = (begin, min(-(-end // _PAGE) * _PAGE, sum(self.ram)) - begin)

    def red(self) -> list[_Span]:
        """What the image owns of RAM beside stack, arena and state."""
        at, found = self.owned[0], []
        for low, size in sorted([self.stack, self.arena, self.state, (sum(self.owned), 0)]):
            if low > at:
                found.append((at, low - at))
            at = max(at, low + size)
        return found

    def header(self, calls: int) -> bytes:
        """ts_header of step_driver.c."""
        red = self.red()
        spans = [(self.flash.origin, self.flash.nbytes), self.ram, self.owned, self.stack,
                 self.arena, self.state, *red, *[(0, 0)] * (_MOST_RED - len(red))]  # fmt: skip
        words = [_MAGIC, calls, len(red), self.machine.blob.origin]
        return struct.pack(f"<{len(words) + 2 * len(spans)}I", *words, *np.ravel(spans).tolist())


def _called(
    place: _Place, jobs: Sequence[_Job], options: RunOptions
) -> tuple[list[_Done], dict[int, Blocks]]:
    """All jobs, one after the other, in one process."""
    emulator_version(place.board)
    driver = _driver(place.board, options)
    known = symbols(driver, thumb=True)
    with (
        plugin("qemu_plugin", options.cache, options.job) as counter,
        TemporaryDirectory(prefix="tinsmith-") as name,
    ):
        folder = Path(name)
        _write_calls(folder / "calls.bin", place, jobs)
        (folder / "driver.elf").write_bytes(driver)
        told = f"run={known['ts_enter']:#x},end={known['ts_back']:#x},steps=,out=counts.bin"
        argv = [
            *_machine_arguments(place.machine), *_loads(place, driver, folder),
            "-plugin", f"{counter},{told},blocks=blocks.bin", "-kernel", "driver.elf",
        ]  # fmt: skip
        try:
            command = Command(argv, folder, timeout_s=options.timeout_s, tied=True)
            ended = run_child(command, options.job)
        except OutOfTime:
            raise timeout_error(place.board) from None
        if not all((folder / f).exists() for f in ("done.bin", "counts.bin", "blocks.bin")):
            raise InternalError(f"{argv[0]} ended with {ended.code}: {ended.said[-1000:]}")
        return _read_done(folder, place, len(jobs)), by_function(
            np.fromfile(folder / "blocks.bin", "<u8").reshape(-1, 3)
        )


def _machine_arguments(machine: Machine) -> list[str]:
    program = shutil.which(machine.command) or machine.command
    none = [w for what in ("display", "monitor", "serial") for w in (f"-{what}", "none")]
    return [program, *machine.arguments, *none]


def _driver(board: Board, options: RunOptions) -> bytes:
    """The program beside the image, linked for the machine."""
    with TemporaryDirectory(prefix="tinsmith-") as name:
        cache = options.cache or Path(name)
        compiler = compiler_for(board.core, toolchains_for(board)[0], cache, job=options.job)
        objects = compile_all(compiler, {path: firmware_text(path) for path in _SOURCES})
        link = Link("steps", machine_for(board).memories, _STACK, entry_symbol(board.core.isa))
        script = linker_script(link.title, link.memories, link.stack_bytes, link.entry)
        return link_elf(compiler, objects, script)


def _loads(place: _Place, driver: bytes, folder: Path) -> list[str]:
    """Arguments that put the image, the stack's paint and the driver's vectors into memory."""
    paint = np.random.default_rng(1).bytes(place.stack[1])
    places = [(place.machine.blob.origin, paint), vectors_of(place.machine, driver),
              *load_segments(place.firmware.elf)]  # fmt: skip
    found = []
    for k, (address, data) in enumerate(places):
        (folder / f"{k}.bin").write_bytes(data)
        found += ["-device", f"loader,file={k}.bin,addr={address:#x},force-raw=on"]
    return found


def _write_calls(path: Path, place: _Place, jobs: Sequence[_Job]) -> None:
    with path.open("wb") as file:
        file.write(place.header(len(jobs)))
        for k, job in enumerate(jobs):
            odd = k % 2 + 2 * (job.state is None)
            file.write(struct.pack("<4I", job.function, *job.arguments, odd))
            file.write(job.arena + (job.state or b""))


def _read_done(folder: Path, place: _Place, calls: int) -> list[_Done]:
    data, counts = (folder / "done.bin").read_bytes(), np.fromfile(folder / "counts.bin", "<u8")
    (arena, state), found = (place.arena[1], place.state[1]), []
    size = arena + state + 12
    _refuse_fault(place, data[-20:])
    if len(data) != calls * size + 20 or len(counts) != calls:
        raise InternalError(f"qemu: {len(data)} B and {len(counts)} counts of {calls} calls")
    for k, count in enumerate(counts.tolist()):
        own = data[k * size : (k + 1) * size]
        depth, outside, returned = struct.unpack("<2Ii", own[-12:])
        # where the plug-in begins to count, one instruction is the driver's
        found.append(_Done(own[:arena], own[arena:-12], depth, bool(outside), returned, count - 1))
    return found


def _refuse_fault(place: _Place, record: bytes) -> None:
    """ts_fault_record of step_driver.c. Status: CFSR, whose lowest byte is of memory (DDI 0553)."""
    if len(record) != 20:
        raise InternalError("qemu: the program that calls steps wrote nothing")
    _, cause, pc, address, status = struct.unpack("<5I", record)
    if cause >= 16:
        raise InternalError(f"qemu: the program that calls steps ended with {cause}, {status}")
    if not cause:
        return
    told = address if status & 0x80 else pc
    low = place.ram[0] - _ALIGNED // 2
    told -= place.moved if low <= told < sum(place.ram) + _ALIGNED // 2 else 0
    kind = "memory" if status & 0xFF or not status else "instruction"
    detail = "access" if kind == "memory" else f"CFSR {status:#x}"
    fault = {"kind": kind, "pc": pc & ~1, "sp": 0, "address": told, "detail": detail}
    raise fault_error(place.firmware, place.board, fault)
