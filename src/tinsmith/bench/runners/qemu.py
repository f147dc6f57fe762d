"""QEMU: a second opinion on outputs and instruction counts. The machine stands in for the board's
core; it does not have the board's memories, so the stack is painted and what lies behind the
program's RAM is guarded by the port itself."""

import re
import shutil
import struct
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tinsmith.bench.faults import timeout_error
from tinsmith.bench.layout import Slot, pack_inputs, slots, unpack
from tinsmith.bench.outcome import PAINTED, Outcome, RunOptions
from tinsmith.bench.protocol import DONE, FAULT, OUTPUTS, STATUS, Frame, decode
from tinsmith.bench.runner import Runner
from tinsmith.build.firmware import Firmware
from tinsmith.build.machines import Machine, machine_for, machines, stand_in
from tinsmith.build.plugins import plugin
from tinsmith.build.sizes import load_segments, without_segment
from tinsmith.codegen.module import InferenceModule
from tinsmith.core.errors import InternalError, MissingTool, UserError
from tinsmith.core.process import Command, OutOfTime, run_child
from tinsmith.core.progress import SILENT
from tinsmith.core.quantity import Emulated
from tinsmith.devices.board import Board

_OLDEST, _NEWEST = (4, 2), (8, 99)
"""Versions whose plug-in interface is 1; QEMU 9.0 refuses it."""
_GUARD = 0x6A2D
"""Cause that firmware/ports/qemu/port.c gives for a damaged guard."""
_VECTORS = 64
"""Bytes of the vector table of ports/start/thumb.c."""
_PAINTS = (0xA5, 0x5A)
"""A byte of stack that is written differs from one of them."""
_HINT = "Try: apt install qemu-system-arm qemu-system-misc, or use runner 'unicorn'."


def refuses(board: Board) -> str:
    """A core that no machine stands in for."""
    return "" if stand_in(board.core) else f"no machine of QEMU stands in for {board.core.title}"


def find() -> str:
    """Version of the first emulator found; each board's own is checked when it runs."""
    commands = sorted({m.command for m in machines().values()})
    found = next((c for c in commands if shutil.which(c)), None)
    if found is None:
        raise MissingTool(commands[0], _HINT)
    return _version(found)


def emulator_version(board: Board) -> str:
    """Of the emulator whose machine stands in for a board's core; MissingTool where it is not
    installed, UserError where there is no machine."""
    return _version(machine_for(board).command)


def _version(command: str) -> str:
    path = shutil.which(command)
    if path is None:
        raise MissingTool(command, _HINT)
    said = run_child(Command([path, "--version"]), SILENT).stdout.decode(errors="replace")
    match = re.search(r"version (\d+)\.(\d+)(\S*)", said)
    if match is None:
        raise MissingTool(f"{command} that says its version", _HINT)
    if not _OLDEST <= (int(match[1]), int(match[2])) <= _NEWEST:
        raise MissingTool(
            f"{command} 4.2 to 8.x (here is {match[1]}.{match[2]}, whose plug-in interface is "
            "another)",
            "Use runner 'unicorn'.",
        )
    return f"{command} {match[1]}.{match[2]}{match[3]}"


def run(firmware: Firmware, board: Board, options: RunOptions) -> Outcome:
    """Run all cases in one go. Traces and alignment checks are Unicorn's work."""
    if options.trace or options.check_alignment:
        raise UserError(
            "bench.qemu.trace",
            "Runner 'qemu' records outputs and counts only, no traces and no alignment.",
            "Use runner 'unicorn' for them.",
        )
    machine = machine_for(board)
    tool = _version(machine.command)
    cases = pack_inputs(firmware.module, options, pad=4)
    wanted = slots(firmware.module, firmware.module.graph.outputs)
    deepest, steps = 0, firmware.module.steps
    for paint in _PAINTS:
        blob = _blob(firmware.module, options, cases, paint)
        _check_blob(blob, machine)
        stream, counts = _emulate(firmware, board, machine, (blob, options))
        rows, depth = _collect(list(decode(stream)), len(cases), wanted, board)
        if len(counts) != len(cases):
            raise InternalError(f"qemu: {len(counts)} counts for {len(cases)} cases")
        deepest = max(deepest, depth)
    stack = _checked_stack(-(-deepest // 8) * 8, firmware, board)
    count = partial(Emulated, unit="instructions", board=board.id, source=tool)
    return Outcome(
        runner=RUNNER.name, runner_version=tool, method=RUNNER.method, board=board.id,
        outputs=unpack(firmware.module, wanted, rows),
        instructions=tuple(count(each[0]) for each in counts),
        layers={n: count(c) for n, c in zip(steps, counts[0][1:], strict=True)},
        stack=Emulated(stack, "B", board.id, tool, len(cases), PAINTED),
    )  # fmt: skip


def _check_blob(blob: bytes, machine: Machine) -> None:
    if len(blob) > machine.blob.nbytes:
        raise UserError(
            "bench.qemu.inputs",
            f"{len(blob)} B of inputs do not fit the machine; it takes {machine.blob.nbytes} B.",
            "Run fewer cases.",
        )


def _checked_stack(deepest: int, firmware: Firmware, board: Board) -> int:
    """Nothing faults below the stack: what was used to its last 8 B counts as overflowed."""
    if deepest >= firmware.stack_bytes:
        raise UserError(
            "bench.stack-overflow",
            f"The stack of {firmware.stack_bytes} B overflowed on {board.id}: its last 8 B were "
            "written.",
            "Link with a larger stack.",
        )
    return deepest


def _blob(
    module: InferenceModule, options: RunOptions, cases: Sequence[bytes], paint: int
) -> bytes:
    """What firmware/ports/qemu/port.c reads."""
    inputs = slots(module, module.graph.inputs)
    outputs = slots(module, module.graph.outputs)
    words = [0x32425354, len(cases), int(options.reset_each), paint, len(inputs), len(outputs)]
    for s in (*inputs, *outputs):
        words += [s.offset, s.nbytes]
    return struct.pack(f"<{len(words)}I", *words) + b"".join(cases)


def _loads(firmware: Firmware, machine: Machine, blob: bytes, folder: Path) -> list[str]:
    """Arguments that put inputs, the stack's paint and, where the core fetches them from a place
    of its own, the vectors into memory before the reset."""
    paint = blob[12:13] * firmware.stack_bytes
    places = [("blob.bin", machine.blob.origin, blob),
              ("paint.bin", firmware.symbols["ts_stack_bottom"], paint)]  # fmt: skip
    if machine.vectors is not None:
        places.append(("vectors.bin", *vectors_of(machine, firmware.elf)))
    found = []
    for name, address, data in places:
        (folder / name).write_bytes(data)
        found += ["-device", f"loader,file={name},addr={address:#x},force-raw=on"]
    return found


def vectors_of(machine: Machine, elf: bytes) -> tuple[int, bytes]:
    """Where the core of a machine fetches its vectors, and those of an image at its flash."""
    flash = next(m for m in machine.memories if m.role == "flash").origin
    table = next(d for at, d in load_segments(elf) if at == flash)[:_VECTORS]
    return machine.vectors or 0, table


def _emulate(
    firmware: Firmware, board: Board, machine: Machine, work: tuple[bytes, RunOptions]
) -> tuple[bytes, list[list[int]]]:
    """Bytes that came out of the UART, and per case instructions of all, then of each step."""
    blob, options = work
    with (
        plugin("qemu_plugin", options.cache, options.job) as counter,
        TemporaryDirectory(prefix="tinsmith-") as name,
    ):
        folder = Path(name)
        (folder / "image.elf").write_bytes(
            without_segment(firmware.elf, firmware.symbols["ts_stack_bottom"])
        )
        program = shutil.which(machine.command) or machine.command
        argv = [
            program, *machine.arguments, "-display", "none", "-monitor", "none",
            "-chardev", "file,id=uart,path=uart.bin", "-serial", "chardev:uart",
            *_loads(firmware, machine, blob, folder),
            "-plugin", f"{counter},{_counted(firmware)},out=counts.bin", "-kernel", "image.elf",
        ]  # fmt: skip
        try:
            command = Command(argv, folder, timeout_s=options.timeout_s, tied=True)
            done = run_child(command, options.job)
        except OutOfTime:
            raise timeout_error(board) from None
        uart, counts = folder / "uart.bin", folder / "counts.bin"
        if not uart.exists() or not counts.exists():
            said = done.stderr.decode(errors="replace").strip()[-1000:]
            raise InternalError(f"{machine.command} ended with {done.code}: {said}")
        found = np.fromfile(counts, "<u8").reshape(-1, 1 + len(firmware.module.steps)).tolist()
        return uart.read_bytes(), found


def _counted(firmware: Firmware) -> str:
    """What the plugin is told: where a run begins and ends, and each of its steps."""
    symbols, module = firmware.symbols, firmware.module
    steps = "".join(f"{symbols[f]:x}:" for f in module.steps.values())
    return f"run={symbols[f'{module.name}_run']:#x},end={symbols['ts_end']:#x},steps={steps}"


def _collect(
    frames: Sequence[Frame], cases: int, wanted: Sequence[Slot], board: Board
) -> tuple[list[bytes], int]:
    """Outputs case by case and the deepest stack; anything missing, out of order or of another
    length is an error."""
    fault = next((f for f in frames if f.type in (FAULT, STATUS)), None)
    if fault is not None:
        raise _fault(fault, board)
    rows = [f.payload for f in frames if f.type == OUTPUTS]
    order = [f.sequence for f in frames if f.type == OUTPUTS]
    done = [struct.unpack("<2I", f.payload) for f in frames if f.type == DONE]
    nbytes = sum(s.nbytes for s in wanted)
    whole = order == [i & 0xFFFF for i in range(cases)] and all(len(r) == nbytes for r in rows)
    if [n for n, _ in done] != [cases] or not whole:
        raise UserError(
            "bench.frames",
            f"Results are missing or damaged: {len(rows)} of {cases} cases came back.",
        )
    return rows, done[0][1]


def _fault(frame: Frame, board: Board) -> UserError:
    value = int.from_bytes(frame.payload, "little", signed=frame.type == STATUS)
    where = f"in case {frame.sequence} in QEMU"
    if frame.type == FAULT and value == _GUARD:
        return UserError(
            "bench.memory", f"The firmware for {board.id} wrote behind its static RAM {where}."
        )
    what = "returned" if frame.type == STATUS else "stopped with exception"
    return UserError(
        "bench.status" if frame.type == STATUS else "bench.exception",
        f"The firmware for {board.id} {what} {value} {where}.",
    )


RUNNER = Runner(
    name="qemu", rank=2, method="emulated", port="qemu", refuses=refuses, find=find, run=run,
    traces=False,
)  # fmt: skip
