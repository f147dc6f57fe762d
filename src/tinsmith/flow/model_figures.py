"""The figures of one model file on one board."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from tinsmith.bench.cycles_of import cycles_of_all
from tinsmith.bench.outcome import least, most
from tinsmith.build.firmware import Firmware
from tinsmith.core.quantity import Counted, Emulated, Estimated, Planned, Quantity, plus
from tinsmith.devices.board import Board
from tinsmith.flow.model_target import Target
from tinsmith.flow.result import Measurement


@dataclass(frozen=True)
class Span:
    """Smallest and largest value of all cases."""

    min: Counted
    max: Counted


@dataclass(frozen=True)
class ModelMeasurement:
    """Figures of one model on one board.

    Bytes: flash = everything stored in flash (.data's load image included), weights + code = flash;
    ram_static = .data + .bss, in which arena and state lie; ram adds the deepest stack that was
    seen. None: the board (``host``) or its runner does not show it. ``cycles`` and ``latency`` (in
    s) are estimates, given where the board's cycle model is calibrated. ``compile_seconds``: from
    graph to linked image; what was kept of earlier calls takes no time. ``kernels``: which kernel
    computes which node of the compiled graph.
    """

    model: str
    board: str
    cases: int
    instructions: Span | None
    cycles: Estimated | None
    latency: Estimated | None
    flash: Emulated | None
    ram_static: Emulated | None
    ram: Counted | None
    arena: Planned
    state: Planned
    stack: Counted | None
    weights: Emulated | None
    code: Emulated | None
    runner: str
    runner_version: str
    method: str
    toolchain: str
    optimize: str
    semantics: str | None
    compile_seconds: float
    kernels: Mapping[str, str]

    def record(self) -> dict[str, Any]:
        """The figures for JSON: bare, and under ``quantities`` each with its origin."""
        found, sizes = self.quantities(), ("flash", "ram_static", "ram", "arena", "state", "stack",
                                           "weights", "code")  # fmt: skip
        bare = {f"{n}_bytes": found[n].value if n in found else None for n in sizes}
        counts = self.instructions
        return {
            "model": self.model, "board": self.board, "cases": self.cases,
            "instructions": {"min": counts.min.value, "max": counts.max.value} if counts else None,
            "cycles": _range(self.cycles), "latency_s": _range(self.latency), **bare,
            "runner": self.runner, "runner_version": self.runner_version, "method": self.method,
            "toolchain": self.toolchain, "optimize": self.optimize, "semantics": self.semantics,
            "compile_seconds": self.compile_seconds, "kernels": dict(self.kernels),
            "quantities": {name: asdict(q) for name, q in found.items()},
        }  # fmt: skip

    def quantities(self) -> dict[str, Quantity]:
        """All figures that there are, by name."""
        counts = self.instructions
        named = {
            "instructions": counts.max if counts else None,
            "instructions_least": counts.min if counts else None,
            "cycles": self.cycles, "latency": self.latency, "flash": self.flash,
            "weights": self.weights, "code": self.code, "ram": self.ram,
            "ram_static": self.ram_static, "stack": self.stack, "arena": self.arena,
            "state": self.state,
        }  # fmt: skip
        return {name: quantity for name, quantity in named.items() if quantity is not None}


def _range(estimate: Estimated | None) -> dict[str, float] | None:
    return {"min": estimate.low, "max": estimate.high} if estimate else None


@dataclass(frozen=True)
class About:
    """What is told of a measurement beside its numbers: the model's name, whose integers it means,
    and how long compiling and linking took, in seconds."""

    model: str
    semantics: str | None
    compile_seconds: float


def figures(
    target: Target, firmware: Firmware, measured: Measurement, about: About
) -> ModelMeasurement:
    """All figures of a measured firmware."""
    outcome, size = measured.outcome, firmware.size
    stack, counts, cycles = outcome.stack, outcome.instructions, cycles_of_all(outcome)
    return ModelMeasurement(
        model=about.model, board=target.board.id, cases=measured.of,
        instructions=Span(least(counts), most(counts)) if counts else None,
        cycles=cycles, latency=_seconds(cycles, target.board),
        flash=size.flash if size else None, ram_static=size.ram_static if size else None,
        ram=plus(size.ram_static, stack) if size and stack else None,
        arena=firmware.arena, state=firmware.state, stack=stack,
        weights=size.weights if size else None, code=size.code if size else None,
        runner=outcome.runner, runner_version=outcome.runner_version, method=outcome.method,
        toolchain=firmware.toolchain_version, optimize=target.optimize or "default",
        semantics=about.semantics, compile_seconds=about.compile_seconds,
        kernels=firmware.module.kernels,
    )  # fmt: skip


def _seconds(cycles: Estimated | None, board: Board) -> Estimated | None:
    """Cycles at the board's clock."""
    if cycles is None or board.clock_hz == 0:
        return None
    value, low, high = (n / board.clock_hz for n in (cycles.value, cycles.low, cycles.high))
    return replace(cycles, value=value, unit="s", low=low, high=high)
