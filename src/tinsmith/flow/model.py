"""Measures a model file on a board: imported, compiled, linked, run, and every number with its
method."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tinsmith.bench.cycles_of import cycles_of_all
from tinsmith.bench.outcome import Outcome, RunOptions, least, most
from tinsmith.bench.runner import RUNNERS
from tinsmith.build.firmware import Firmware
from tinsmith.build.image import check_stack
from tinsmith.codegen.compile import compile_graph
from tinsmith.codegen.module import InferenceModule
from tinsmith.core.errors import UserError
from tinsmith.core.progress import Progress
from tinsmith.core.quantity import Counted, Emulated, Estimated, Planned, Quantity, plus
from tinsmith.devices.board import Board
from tinsmith.flow.first_link import explained
from tinsmith.flow.journal import Listener, Nobody, StepRecord
from tinsmith.flow.model_inputs import default_inputs, read_inputs, write_outputs
from tinsmith.flow.model_target import Target, choose_target, work_text
from tinsmith.flow.places import check_output
from tinsmith.importers import IMPORTERS, read_model
from tinsmith.ir.graph import Graph

T = TypeVar("T")


@dataclass(frozen=True)
class MeasureOptions:
    """What to measure and how; empty texts mean the board's or importer's first choice.

    ``board``: id of a board, or path of a user's own (``.toml``).
    ``inputs``: an .npz file (see flow/model_inputs.py); None: one case of default values.
    ``outputs``: where the answers go. ``reset_each``: states are reset before each case, not only
    before the first. ``stack_bytes``: stack to reserve. ``cache``: folder of compiled objects.
    """

    board: str
    inputs: Path | None = None
    outputs: Path | None = None
    semantics: str = ""
    toolchain: str = ""
    runner: str = ""
    optimize: str = ""
    reset_each: bool = False
    stack_bytes: int | None = None
    cache: Path | None = None

    def target(self) -> Target:
        """Board, toolchain and runner, all of them here.

        Raises:
            UserError: they do not exist, or not together; ``build.stack``.
            MissingTool: one of them is not installed.
        """
        if self.stack_bytes is not None:
            check_stack(self.stack_bytes)
        chosen = choose_target(self.board, self.toolchain, self.runner, self.optimize, self.cache)
        RUNNERS.get(chosen.runner).find()
        return replace(chosen, stack_bytes=self.stack_bytes)


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
    graph to linked image; objects may come from the cache.
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
            "compile_seconds": self.compile_seconds,
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


def measure_model(
    path: Path, options: MeasureOptions, listener: Listener | None = None
) -> ModelMeasurement:
    """Import a model, build it for a board, run it and report its figures.

    Raises:
        UserError: ``model.file`` (there is none), ``output.place``, what the importer refuses,
            ``model.inputs.*``, ``build.fit`` (`DoesNotFit`), and every fault of a run.
    """
    steps = Clock(listener or Nobody())
    target = options.target()  # what is wrong is known before a large model is read
    if options.stack_bytes is not None and not target.board.memories:
        raise UserError(
            "build.stack",
            f"On board {target.board.id!r} no stack is reserved or measured.",
            "Leave --stack out, or name a board with memories: see `tinsmith board list`.",
        )
    if options.outputs is not None:
        check_output(options.outputs, path, options.inputs)
    graph = open_model(path, options.semantics, steps)
    meant = semantics_of(path, options.semantics)
    return measure_graph(graph, (path.name, meant), options, steps)


def measure_graph(
    graph: Graph, about: tuple[str, str | None], options: MeasureOptions, steps: "Clock"
) -> ModelMeasurement:
    """`measure_model` from the graph on; ``about``: the model's name and its semantics."""
    target = options.target()
    inputs = case_inputs(graph, options.inputs, steps)
    module = steps.do("compile", lambda _: compile_graph(graph, target.board))
    firmware = build(target, module, steps)
    compiled = sum(steps.seconds[-2:])
    asked = RunOptions(inputs, reset_each=options.reset_each)
    with steps.step(f"run on {target.runner}") as progress:
        progress.advance(0, 1, work_text(module.graph, inputs))
        outcome = target.run(firmware, asked)
    if options.outputs is not None:
        write_outputs(options.outputs, [outcome.outputs[n] for n in module.graph.outputs])
    cases = len(next(iter(inputs.values())))
    return _measured(target, firmware, outcome, (*about, cases, round(compiled, 3)))


def build(target: Target, module: InferenceModule, steps: "Clock") -> Firmware:
    """`Target.build` as a step; who waits is told where it takes long."""
    note = explained(target.board.core, target.toolchain, target.cache, steps.note)
    with note, steps.step(f"build {target.board.id}"):
        return target.build(module)


class Clock:
    """Tells a listener of each step and keeps how long it took, in seconds."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.seconds: list[float] = []

    @contextmanager
    def step(self, name: str) -> Iterator[Progress]:
        """A step while it runs."""
        began = time.monotonic()
        yield self._listener.started(name)
        self.seconds.append(time.monotonic() - began)
        self._listener.finished(StepRecord(name, "", served=False, seconds=self.seconds[-1]))

    def note(self, text: str) -> None:
        """Tells the listener something that a person should know of."""
        self._listener.noted(text)

    def do(self, name: str, work: Callable[[Progress], T]) -> T:
        """A step that is one call."""
        with self.step(name) as progress:
            return work(progress)


def open_model(path: Path, semantics: str, steps: Clock) -> Graph:
    """The graph of a model file; what its importer has to say of it is noted.

    Raises:
        UserError: ``model.file``, or what the importer says.
    """
    if path.is_dir():
        raise UserError("model.file", f"{path} is a folder.", "Name a model file.")
    if not path.is_file():
        raise UserError("model.file", f"There is no file {path}.", "Name a model file.")
    try:
        with path.open("rb") as f:
            f.read(1)
    except OSError as e:  # in the sandbox it would look like a bug
        raise UserError(
            "model.file",
            f"{path} cannot be read: {e.strerror or e}.",
            "Make the file readable, or name another.",
        ) from None
    graph = steps.do("import", lambda _: read_model(path, "", semantics))
    for text in graph.notes:
        steps.note(f"{path.name}: {text}")
    return graph


def semantics_of(path: Path, semantics: str) -> str | None:
    """Whose integers are meant: as asked, or the importer's first; None where there is no
    choice."""
    suffix = path.suffix.lower()
    known = next((i.semantics for i in IMPORTERS.all() if suffix in i.suffixes), ())
    return semantics or next(iter(known), None)


def case_inputs(graph: Graph, path: Path | None, steps: Clock) -> dict[str, np.ndarray]:
    """The cases of a file, or one of default values."""
    if path is None:
        return default_inputs(graph)
    cases = read_inputs(path, graph, steps.note)
    for name, array in cases.items():
        odd = len(array) - int(np.isfinite(array).reshape(len(array), -1).all(axis=1).sum())
        if odd:
            steps.note(f"{path}: {odd} of {len(array)} cases of {name!r} hold NaN or infinity.")
    return cases


def _measured(
    target: Target, firmware: Firmware, outcome: Outcome, about: tuple[str, str | None, int, float]
) -> ModelMeasurement:
    size, stack, counts = firmware.size, outcome.stack, outcome.instructions
    model, semantics, cases, seconds = about
    cycles = cycles_of_all(outcome)
    return ModelMeasurement(
        model=model, board=target.board.id, cases=cases,
        instructions=Span(least(counts), most(counts)) if counts else None,
        cycles=cycles, latency=_seconds(cycles, target.board),
        flash=size.flash if size else None, ram_static=size.ram_static if size else None,
        ram=plus(size.ram_static, stack) if size and stack else None,
        arena=firmware.arena, state=firmware.state, stack=stack,
        weights=size.weights if size else None, code=size.code if size else None,
        runner=outcome.runner, runner_version=outcome.runner_version, method=outcome.method,
        toolchain=firmware.toolchain_version, optimize=target.optimize or "default",
        semantics=semantics, compile_seconds=seconds,
    )  # fmt: skip


def _seconds(cycles: Estimated | None, board: Board) -> Estimated | None:
    """Cycles at the board's clock."""
    if cycles is None or board.clock_hz == 0:
        return None
    value, low, high = (n / board.clock_hz for n in (cycles.value, cycles.low, cycles.high))
    return replace(cycles, value=value, unit="s", low=low, high=high)
