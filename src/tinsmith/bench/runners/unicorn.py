"""Unicorn: emulates the board's core with exactly its memories; counts every instruction."""

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.bench.cycles_of import calibrated, model_cycles, uncalibrated
from tinsmith.bench.faults import fault_error, function_at, timeout_error
from tinsmith.bench.layout import Slot, pack_inputs, slots, step_slots, unpack
from tinsmith.bench.outcome import PAINTED, Outcome, RunOptions
from tinsmith.bench.protocol import ANSWER, REQUEST, pack_message, unpack_message
from tinsmith.bench.runner import Runner
from tinsmith.bench.step_call import StepCall, Stepped, StepResult, by_function
from tinsmith.build.firmware import Firmware
from tinsmith.build.image import PORT
from tinsmith.build.plugins import plugin
from tinsmith.build.sizes import load_segments
from tinsmith.codegen.module import InferenceModule
from tinsmith.core.errors import InternalError, MissingTool, UserError
from tinsmith.core.process import Command, OutOfTime, run_child
from tinsmith.core.quantity import Emulated, Estimated
from tinsmith.devices.board import Board

_WORKER = Path(__file__).parent.parent / "unicorn_worker.py"
_GRACE_S = 20.0
_PAGE = 4096
"""The engine maps whole pages. Flash is rounded outwards (nobody writes there), RAM must fit."""
_ROLES = {"flash": "rx", "rodata": "r", "ram": "rw"}


_CPUS = {
    "cortex-m0plus": "CORTEX_M0", "cortex-m3": "CORTEX_M3", "cortex-m4f": "CORTEX_M4",
    "cortex-m7f": "CORTEX_M7", "cortex-m33f": "CORTEX_M33", "rv32imc": "BASE32",
}  # fmt: skip
"""Names of its CPU models by core."""


def refuses(board: Board) -> str:
    """A core that the engine has no model of, or RAM whose ends it could not watch."""
    if board.core.name not in _CPUS:
        return f"it has no model of {board.core.title}"
    for m in board.memories:
        if m.role == "ram" and (m.origin % _PAGE or m.nbytes % _PAGE):
            return (
                f"RAM {m.name!r} does not begin and end at a multiple of {_PAGE} B, so accesses "
                "just outside would go unnoticed"
            )
    return ""


def find() -> str:
    """Version of the installed engine."""
    try:
        return f"unicorn {version('unicorn')}"
    except PackageNotFoundError:
        raise MissingTool(
            "Python package 'unicorn'", "Try: pip install 'tinsmith[emulate]'"
        ) from None


def run(firmware: Firmware, board: Board, options: RunOptions) -> Outcome:
    """Run all cases in a process of its own."""
    tool = find()
    cases = pack_inputs(firmware.module, options)
    body, binary = _answer(firmware, board, options, {}, cases)
    return _outcome(firmware, board, options, (tool, body, binary))


def call_steps(
    firmware: Firmware, board: Board, calls: Sequence[StepCall], options: RunOptions
) -> Stepped:
    """Single steps of the linked image, each by itself.

    Raises:
        UserError: as a run; MissingTool.
    """
    find()
    module, symbols = firmware.module, firmware.symbols
    plan = module.plan
    block = [[symbols["ts_arena"], plan.arena_bytes]]
    block.append([symbols.get("ts_state", symbols["ts_arena"]), plan.state_bytes])
    more = {"calls": [symbols[module.steps[c.node]] for c in calls], "block": block}
    held = [c.arena + c.state for c in calls]
    body, binary = _answer(firmware, board, options, more, held)
    results, at = [], 0
    for k in range(len(calls)):
        arena, end = binary[at : at + plan.arena_bytes], at + plan.arena_bytes + plan.state_bytes
        state = binary[at + plan.arena_bytes : end]
        counts = body["instructions"][k], body["stack"][k], body["outside"][k]
        results.append(StepResult(arena, state, *counts))
        at = end
    rows = np.frombuffer(binary, "<u8", body["blocks"] * 6, at).reshape(-1, 6)
    return Stepped(tuple(results), by_function(rows[:, [5, 0, 1]]))


def _answer(
    firmware: Firmware,
    board: Board,
    options: RunOptions,
    more: Mapping[str, Any],
    binary: Sequence[bytes],
) -> tuple[dict[str, Any], bytes]:
    """What the worker says to a request, unless that is a fault."""
    with plugin("blockhook", options.cache, options.job) as hook:
        request, segments = _request(firmware, board, options, hook)
        message = pack_message(REQUEST, {**request, **more}, b"".join([*segments, *binary]))
        body, found = _ask(message, options, board)
    if "fault" in body:
        raise fault_error(firmware, board, body["fault"])
    _refuse_unaligned(body["unaligned"], firmware, board)
    return body, found


def _request(
    firmware: Firmware, board: Board, options: RunOptions, hook: Path
) -> tuple[dict[str, Any], list[bytes]]:
    module, symbols = firmware.module, firmware.symbols
    arm = board.core.isa.startswith("arm")
    arena, loads = symbols["ts_arena"], load_segments(firmware.elf)
    flash = next(m for m in board.memories if m.role == "flash")
    body = {
        "arch": "arm" if arm else "riscv",
        "cpu": _CPUS[board.core.name],
        "hook": str(hook),
        "memories": [[m.origin, m.nbytes, _ROLES[m.role]] for m in board.memories],
        "segments": [[address, len(data)] for address, data in loads],
        "entry": flash.origin if arm else symbols["_start"],
        "symbols": {
            "run": symbols[f"{module.name}_run"],
            "begin": symbols["ts_begin"],
            "end": symbols["ts_end"],
        },
        "code": [flash.origin, flash.nbytes],
        "steps": [symbols[f] for f in module.steps.values()],
        "copies": [[arena + s.offset, s.nbytes, s.step] for s in _traced(firmware, options)],
        "stack": [symbols["ts_stack_bottom"], firmware.stack_bytes],
        "inputs": _absolute(arena, slots(module, module.graph.inputs)),
        "outputs": _absolute(arena, slots(module, module.graph.outputs)),
        "cases": len(next(iter(options.inputs.values()), ())),
        "reset_each": options.reset_each,
        "timeout_s": options.timeout_s,
        "alignment": options.check_alignment,
    }
    return body, [data for _, data in loads]


def _absolute(arena: int, found: Sequence[Slot]) -> list[list[int]]:
    return [[arena + s.offset, s.nbytes] for s in found]


def _traced(firmware: Firmware, options: RunOptions) -> tuple[Slot, ...]:
    return step_slots(firmware.module) if options.trace else ()


def _ask(message: bytes, options: RunOptions, board: Board) -> tuple[dict[str, Any], bytes]:
    """Start the worker, send the request, read the answer."""
    argv, seconds = [sys.executable, str(_WORKER)], options.timeout_s + _GRACE_S
    try:
        done = run_child(Command(argv, stdin=message, timeout_s=seconds, tied=True), options.job)
    except OutOfTime:
        raise timeout_error(board) from None
    answer = unpack_message(done.stdout, ANSWER)
    if done.code != 0 or answer is None:
        said = done.stderr.decode(errors="replace").strip()[-1000:]
        raise InternalError(f"the emulator's process ended with {done.code}: {said}")
    return answer


def _refuse_unaligned(seen: Sequence[int], firmware: Firmware, board: Board) -> None:
    count, address, block = seen
    if count:
        raise UserError(
            "bench.alignment",
            f"An access on {board.id} is not aligned to its size: {address:#010x} in "
            f"{function_at(firmware, block)} (block {block:#010x}).",
        )


def _outcome(
    firmware: Firmware, board: Board, options: RunOptions, answer: tuple[str, dict[str, Any], bytes]
) -> Outcome:
    tool, body, binary = answer
    module = firmware.module
    wanted, traced = slots(module, module.graph.outputs), _traced(firmware, options)
    sizes = sum(s.nbytes for s in wanted), sum(s.nbytes for s in traced)
    outputs, traces, tables, at = [], [], [], 0
    for rows in body["blocks"]:
        outputs.append(binary[at : at + sizes[0]])
        traces.append(binary[at + sizes[0] : at + sum(sizes)])
        at += sum(sizes)
        tables.append(np.frombuffer(binary, "<u8", rows * 6, at).reshape(rows, 6))
        at += rows * 48
    count = partial(Emulated, unit="instructions", board=board.id, source=tool)
    cycles = model_cycles(board, load_segments(firmware.elf), tables, len(module.steps))
    return Outcome(
        runner=RUNNER.name, runner_version=tool, method=RUNNER.method, board=board.id,
        outputs=unpack(module, wanted, outputs),
        instructions=tuple(count(n) for n in body["instructions"]),
        cycles=calibrated(board, cycles.cases if cycles else None),
        model_cycles=uncalibrated(board, cycles.cases) if cycles else None,
        layer_cycles=_by_step(module, uncalibrated(board, cycles.steps)) if cycles else None,
        layers={n: count(c) for n, c in zip(module.steps, body["layers"], strict=True)},
        stack=Emulated(body["stack"], "B", board.id, tool, len(outputs), PAINTED),
        trace=unpack(module, traced, traces) if options.trace else None,
    )  # fmt: skip


def _by_step(module: InferenceModule, found: Sequence[Estimated]) -> dict[str, Estimated]:
    return dict(zip(module.steps, found, strict=True))


RUNNER = Runner(
    name="unicorn", rank=1, method="emulated", port=PORT, refuses=refuses, find=find, run=run
)
