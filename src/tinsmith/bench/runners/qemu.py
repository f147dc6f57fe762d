"""QEMU: a second opinion on outputs and instruction counts. The machine stands in for the board's
core; it does not have the board's memories."""

import re
import shutil
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tinsmith.bench.faults import timeout_error
from tinsmith.bench.layout import Slot, pack_inputs, slots, unpack
from tinsmith.bench.outcome import Outcome, RunOptions
from tinsmith.bench.protocol import DONE, FAULT, OUTPUTS, STATUS, Frame, decode
from tinsmith.bench.runner import Runner
from tinsmith.build.firmware import Firmware
from tinsmith.build.machines import Machine, machine_for, machines
from tinsmith.build.plugins import plugin
from tinsmith.codegen.module import InferenceModule
from tinsmith.core.errors import InternalError, MissingTool, UserError
from tinsmith.devices.board import Board

_OLDEST, _NEWEST = (4, 2), (8, 99)
"""Versions whose plug-in interface is 1; QEMU 9.0 refuses it."""
_HINT = "Try: apt install qemu-system-arm qemu-system-misc, or use runner 'unicorn'."


def find() -> str:
    """Version of the first emulator found; each board's own is checked when it runs."""
    commands = sorted({m.command for m in machines().values()})
    found = next((c for c in commands if shutil.which(c)), None)
    if found is None:
        raise MissingTool(commands[0], _HINT)
    return _version(found)


def _version(command: str) -> str:
    path = shutil.which(command)
    if path is None:
        raise MissingTool(command, _HINT)
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
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
    blob = _blob(firmware.module, options, cases)
    if len(blob) > machine.blob.nbytes:
        raise UserError(
            "bench.qemu.inputs",
            f"{len(blob)} B of inputs do not fit the machine; it takes {machine.blob.nbytes} B.",
            "Run fewer cases.",
        )
    stream, counts = _emulate(firmware, board, machine, (blob, options))
    wanted = slots(firmware.module, firmware.module.graph.outputs)
    rows = _collect(list(decode(stream)), len(cases), wanted, board)
    if len(counts) != len(cases):
        raise InternalError(f"qemu: {len(counts)} counts for {len(cases)} cases")
    return Outcome(
        runner=RUNNER.name, runner_version=tool, method=RUNNER.method, board=board.id,
        outputs=unpack(firmware.module, wanted, rows), instructions=tuple(counts),
    )  # fmt: skip


def _blob(module: InferenceModule, options: RunOptions, cases: Sequence[bytes]) -> bytes:
    """What firmware/ports/qemu/port.c reads."""
    inputs = slots(module, module.graph.inputs)
    outputs = slots(module, module.graph.outputs)
    words = [0x31425354, len(cases), int(options.reset_each), len(inputs), len(outputs)]
    for s in (*inputs, *outputs):
        words += [s.offset, s.nbytes]
    return struct.pack(f"<{len(words)}I", *words) + b"".join(cases)


def _emulate(
    firmware: Firmware, board: Board, machine: Machine, work: tuple[bytes, RunOptions]
) -> tuple[bytes, list[int]]:
    """Bytes that came out of the UART, and instructions per case."""
    blob, options = work
    symbols = firmware.symbols
    run_at, end_at = symbols[f"{firmware.module.name}_run"], symbols["ts_end"]
    with (
        plugin("qemu_plugin", options.cache) as counter,
        TemporaryDirectory(prefix="tinsmith-") as name,
    ):
        folder = Path(name)
        (folder / "image.elf").write_bytes(firmware.elf)
        (folder / "blob.bin").write_bytes(blob)
        argv = [
            machine.command, *machine.arguments, "-display", "none", "-monitor", "none",
            "-chardev", "file,id=uart,path=uart.bin", "-serial", "chardev:uart",
            "-device", f"loader,file=blob.bin,addr={machine.blob.origin:#x},force-raw=on",
            "-plugin", f"{counter},run={run_at:#x},end={end_at:#x},out=counts.bin",
            "-kernel", "image.elf",
        ]  # fmt: skip
        try:
            done = subprocess.run(
                argv, cwd=folder, capture_output=True, check=False, timeout=options.timeout_s
            )
        except subprocess.TimeoutExpired:
            raise timeout_error(board) from None
        uart, counts = folder / "uart.bin", folder / "counts.bin"
        if not uart.exists() or not counts.exists():
            said = done.stderr.decode(errors="replace").strip()[-1000:]
            raise InternalError(f"{machine.command} ended with {done.returncode}: {said}")
        return uart.read_bytes(), np.fromfile(counts, "<u8").tolist()


def _collect(
    frames: Sequence[Frame], cases: int, wanted: Sequence[Slot], board: Board
) -> list[bytes]:
    """Outputs case by case; anything missing, out of order or of another length is an error."""
    fault = next((f for f in frames if f.type in (FAULT, STATUS)), None)
    if fault is not None:
        value = int.from_bytes(fault.payload, "little", signed=fault.type == STATUS)
        what = "returned" if fault.type == STATUS else "stopped with exception"
        raise UserError(
            "bench.status" if fault.type == STATUS else "bench.exception",
            f"The firmware for {board.id} {what} {value} in case {fault.sequence} in QEMU.",
        )
    rows = [f.payload for f in frames if f.type == OUTPUTS]
    order = [f.sequence for f in frames if f.type == OUTPUTS]
    done = [int.from_bytes(f.payload, "little") for f in frames if f.type == DONE]
    nbytes = sum(s.nbytes for s in wanted)
    whole = order == [i & 0xFFFF for i in range(cases)] and all(len(r) == nbytes for r in rows)
    if done != [cases] or not whole:
        raise UserError(
            "bench.frames",
            f"Results are missing or damaged: {len(rows)} of {cases} cases came back.",
        )
    return rows


RUNNER = Runner(name="qemu", method="emulated", port="qemu", find=find, run=run)
