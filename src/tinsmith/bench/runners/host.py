"""This computer: the module's C as a shared object, in a child process. No counts, no sizes."""

import platform
from pathlib import Path
from tempfile import TemporaryDirectory

from tinsmith.bench.layout import Slot, pack_inputs, slots, step_slots, unpack
from tinsmith.bench.native import NativeAnswer, NativeOrder
from tinsmith.bench.outcome import Outcome, RunOptions
from tinsmith.bench.runner import Runner
from tinsmith.build.firmware import Firmware
from tinsmith.build.shared import HOST_PORT
from tinsmith.core.errors import UserError
from tinsmith.core.sandbox import SandboxLimits
from tinsmith.core.sandbox import run as run_apart
from tinsmith.devices.board import Board


def refuses(board: Board) -> str:
    """It runs what is compiled for this computer."""
    return "" if board.core.isa == "native" else "it runs what is compiled for this computer"


def find() -> str:
    """The processor and system."""
    return f"{platform.system()} {platform.machine()}".lower()


def run(firmware: Firmware, board: Board, options: RunOptions) -> Outcome:
    """Run all cases; with ``trace`` the steps are called one by one as well."""
    module = firmware.module
    wanted = slots(module, module.graph.outputs)
    traced = step_slots(module) if options.trace else ()
    answer = _answer(firmware, _order(firmware, options, wanted, traced), options)
    return Outcome(
        runner=RUNNER.name, runner_version=find(), method=RUNNER.method, board=board.id,
        outputs=unpack(module, wanted, list(answer.outputs)),
        trace=unpack(module, traced, list(answer.traces)) if options.trace else None,
    )  # fmt: skip


def _order(
    firmware: Firmware, options: RunOptions, wanted: tuple[Slot, ...], traced: tuple[Slot, ...]
) -> NativeOrder:
    module = firmware.module
    return NativeOrder(
        name=module.name,
        arena_bytes=module.plan.arena_bytes,
        state_bytes=module.plan.state_bytes,
        alignment=module.plan.alignment,
        steps=tuple(module.steps.values()),
        inputs=tuple((s.offset, s.nbytes) for s in slots(module, module.graph.inputs)),
        outputs=tuple((s.offset, s.nbytes) for s in wanted),
        traced=tuple((s.offset, s.nbytes, s.step) for s in traced),
        cases=tuple(pack_inputs(module, options)),
        reset_each=options.reset_each,
    )


def _answer(firmware: Firmware, order: NativeOrder, options: RunOptions) -> NativeAnswer:
    limits = SandboxLimits(cpu_s=options.timeout_s, wall_s=options.timeout_s)
    target = "tinsmith.bench.native:execute"
    with TemporaryDirectory(prefix="tinsmith-") as folder:
        library = Path(folder) / "module.so"
        library.write_bytes(firmware.elf)
        try:
            return run_apart(target, (order, library), NativeAnswer, limits, options.job)
        except UserError as e:
            codes = {
                "sandbox.time": "bench.timeout",
                "sandbox.cpu": "bench.timeout",
                "sandbox.crash": "bench.memory",
            }
            if e.code not in codes:
                raise
            said = f"Model {order.name!r} did not finish on this computer: {e.message}"
            raise UserError(codes[e.code], said) from e


RUNNER = Runner(
    name="host", rank=0, method="native", port=HOST_PORT, refuses=refuses, find=find, run=run
)
