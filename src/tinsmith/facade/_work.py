"""All that the facade asks of the layers below, in one file: every call into `flow` and into the
compiler's stages stands here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tinsmith.bench.outcome import Outcome, RunOptions
from tinsmith.bench.run import run
from tinsmith.bench.runner import RUNNERS
from tinsmith.build.firmware import Firmware
from tinsmith.build.package import PACKAGES, Golden, Order, check_version
from tinsmith.build.shared import build_shared
from tinsmith.build.toolchain import TOOLCHAINS
from tinsmith.codegen.choices import NOTHING_CHOSEN as NOTHING_CHOSEN
from tinsmith.codegen.choices import Choices, read_pinned
from tinsmith.codegen.compile import compile_graph
from tinsmith.codegen.module import InferenceModule
from tinsmith.compress.apply import apply, check_float
from tinsmith.compress.method import Calibration, Compressed, OutputError
from tinsmith.core.cache import Cache, code_fingerprint, write_atomically
from tinsmith.core.errors import UserError
from tinsmith.core.job import Job
from tinsmith.core.progress import Nobody
from tinsmith.core.store import LocalStore
from tinsmith.data.windows import TRAIN
from tinsmith.devices.board import BOARDS, Board
from tinsmith.flow.model import open_model
from tinsmith.flow.model_inputs import default_inputs as default_inputs
from tinsmith.flow.model_target import Target as Target
from tinsmith.flow.model_target import seconds_for, target_for
from tinsmith.flow.narrow import narrowed
from tinsmith.flow.open import open_project
from tinsmith.flow.outputs import write_all
from tinsmith.flow.package import SEED, seeded_inputs
from tinsmith.flow.places import check_output, check_output_folder, default_cache
from tinsmith.flow.project import Project, read_project
from tinsmith.flow.quantise import LEAST_SQNR as LEAST_SQNR
from tinsmith.flow.quantise import QuantiseOptions, judged, scores_classes
from tinsmith.flow.result import Model, Result
from tinsmith.flow.run import make_model
from tinsmith.flow.run import run as run_story
from tinsmith.flow.steps import Steps
from tinsmith.importers import IMPORTERS
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.store import SUFFIX, dumps
from tinsmith.prove.parity import compare
from tinsmith.prove.record import reference_trace, trace_of
from tinsmith.prove.trace import Trace, Verdict

T = TypeVar("T")
Arrays = Mapping[str, np.ndarray]
_PACKAGE = Path(__file__).parents[1]


def read(path: Path, semantics: str) -> Graph:
    """The graph of a model file."""
    return open_model(path, semantics, Job())


def take(importer: str, model: Any, example: list[np.ndarray], name: str) -> Graph:
    """The graph of a live model."""
    return IMPORTERS.get(importer).load(model, example, name)


def reference(graph: Graph, inputs: Arrays) -> Arrays:
    """The outputs by the interpreter; states go from case to case."""
    values = run_cases(graph, inputs, reset_each=False)
    return {name: values[name] for name in graph.outputs}


@dataclass(frozen=True)
class Losses:
    """What a quantised graph lost; ``outputs``: with the share of equal classes only where they
    are class scores; ``notes``: where that is much."""

    done: Compressed
    outputs: tuple[OutputError, ...]
    notes: tuple[str, ...]


def write_graph(graph: Graph, path: Path) -> Path:
    """A graph as a .tinsmith file."""
    if path.suffix.lower() != SUFFIX:
        raise UserError(
            "model.save",
            f"{path} does not end with {SUFFIX}.",
            f"Write for instance: model.save({path.stem + SUFFIX!r})",
        )
    return write(path, dumps(graph))


def write(path: Path, data: bytes) -> Path:
    """A file, whole or not at all."""
    check_output(path)
    write_atomically(path, data)
    return path


def quantised(graph: Graph, inputs: Arrays, method: str, io: str, least_sqnr: float) -> Losses:
    """The quantised graph with its losses, which are judged."""
    asked = QuantiseOptions(Path(), Path(f"model{SUFFIX}"), method, io).checked()
    check_float(graph)
    found, notes = apply(graph, method, Calibration(inputs), asked), list[str]()
    try:
        outputs = judged(graph, found, least_sqnr, notes.append)
    except UserError as e:
        raise UserError(e.code, e.message, e.hint.replace("--least-sqnr ", "least_sqnr=")) from None
    return Losses(found, outputs, tuple(notes))


@dataclass(frozen=True)
class Workshop:
    """Where compiled things are kept: objects of compilers, and results of steps."""

    folder: Path
    results: Cache

    def step(self, name: str, kind: type[T], inputs: tuple[Any, ...], work: Callable[[], T]) -> T:
        """The result of ``work``; of an earlier call where all its ``inputs`` are the same."""
        return self.results.step(name, kind, inputs, work)[0]


def workshop(cache: Path | None) -> Workshop:
    """In a folder of one's own, else in the user's cache."""
    folder = cache or default_cache()
    return Workshop(folder, Cache(LocalStore(folder / "cache"), code_fingerprint(_PACKAGE)))


def target(board: Board, optimize: str, shop: Workshop, toolchain: str = "") -> Target:
    """Board, toolchain and runner; checks that they are there and serve each other."""
    return target_for(board, toolchain, optimize=optimize, cache=shop.folder)


def pinned(choices: Mapping[str, str] | Path | None, board: Board) -> Choices:
    """Kernels that are asked for, by name of the layer, or in a lock file."""
    if choices is None:
        return NOTHING_CHOSEN
    if isinstance(choices, Mapping):
        return Choices(dict(choices))
    if not choices.is_file():
        raise UserError(
            "compile.choices", f"There is no file {choices}.", "Name a lock file, or pass a dict."
        )
    return read_pinned(choices, board.id)


def compiled(graph: Graph, where: Target, choices: Choices, shop: Workshop) -> Firmware:
    """A graph as C, and the C as a linked image."""
    module = shop.step(
        "compile", InferenceModule, (graph, where.board, choices),
        lambda: compile_graph(graph, where.board, choices=choices),
    )  # fmt: skip
    tool = TOOLCHAINS.get(where.toolchain).find().version
    return shop.step(
        "build", Firmware, (module, where.board, where.toolchain, where.optimize, tool),
        lambda: where.build(module),
    )  # fmt: skip


def for_host(module: InferenceModule, where: Target, shop: Workshop) -> Firmware:
    """The same C for this computer."""
    return shop.step(
        "host", Firmware, (module, where.optimize), lambda: build_shared(module, where.cache)
    )


def on_host(firmware: Firmware, inputs: Arrays) -> Arrays:
    """The outputs on this computer; states go from case to case."""
    host = BOARDS.get("host")
    cases = len(next(iter(inputs.values())))
    allowed = seconds_for(firmware.module.graph, cases)
    options = RunOptions(inputs, reset_each=False, timeout_s=allowed)
    return run(firmware, host, "host", options).outputs


def measured(firmware: Firmware, inputs: Arrays, where: Target, shop: Workshop) -> Outcome:
    """What the board's runner sees; states go from case to case."""
    tool = RUNNERS.get(where.runner).find()
    return shop.step(
        "run", Outcome, (firmware, where.runner, tool, inputs),
        lambda: where.run(firmware, RunOptions(inputs, reset_each=False)),
    )  # fmt: skip


def proven(module: InferenceModule, inputs: Arrays, where: Target) -> tuple[Verdict, ...]:
    """The reference against C on this computer and against the board's firmware, value by value;
    where one differs, a fused step is computed again in parts."""
    judges = [lambda m: _host_trace(m, inputs, where)]
    if where.board.memories:
        judges.append(lambda m: _board_trace(m, inputs, where))
    return tuple(_verdict(module, inputs, judge) for judge in judges)


def _verdict(
    module: InferenceModule, inputs: Arrays, seen: Callable[[InferenceModule], Trace]
) -> Verdict:
    def judge(other: InferenceModule) -> Verdict:
        return compare(other.graph, reference_trace(other.graph, inputs), seen(other))

    return narrowed(judge(module), module, judge)


def _host_trace(module: InferenceModule, inputs: Arrays, where: Target) -> Trace:
    host = BOARDS.get("host")
    allowed = seconds_for(module.graph, len(next(iter(inputs.values()))))
    options = RunOptions(inputs, trace=True, timeout_s=allowed)
    outcome = run(build_shared(module, where.cache), host, "host", options)
    return replace(trace_of(outcome, inputs), origin="host C")


def _board_trace(module: InferenceModule, inputs: Arrays, where: Target) -> Trace:
    """Every value where the runner sees them, the outputs where it does not."""
    sees = RUNNERS.get(where.runner).traces
    strict = sees and where.board.core.isa == "armv6-m"  # it cannot load unaligned words
    options = RunOptions(inputs, trace=sees, check_alignment=strict)
    outcome = where.run(where.build(module), options)
    return trace_of(outcome if sees else replace(outcome, trace=outcome.outputs), inputs)


def drawn(graph: Graph) -> Arrays:
    """A few pseudo-random cases."""
    return seeded_inputs(graph, np.random.default_rng(SEED))


@dataclass(frozen=True)
class Archive:
    """A package as bytes, with its file name and hash."""

    name: str
    data: bytes
    cases: int

    @property
    def digest(self) -> str:
        """SHA-256, hex."""
        return sha256(self.data).hexdigest()


def packaged(
    module: InferenceModule, kind: str, version: str, inputs: Arrays | None, where: Target
) -> Archive:
    """A package with golden vectors: ``inputs``, or drawn ones, and what the reference makes of
    them. A model with states gets one sequence, so that the self-test sees them work."""
    package = PACKAGES.get(kind)
    package.check(where.board)
    check_version(version)
    graph = module.graph
    given = drawn(graph) if inputs is None else inputs
    values = run_cases(graph, given, reset_each=not graph.states)
    answers = {n: values[n] for n in graph.outputs}
    golden = Golden(given, answers, reset_each=not graph.states)
    name, data = package.make(
        Order(module, where.board, golden, where.cache, where.toolchain, version)
    )
    return Archive(name, data, len(next(iter(given.values()))))


def check_folder(folder: Path) -> None:
    """Whether files can be written into a folder."""
    check_output_folder(folder)


@dataclass(frozen=True)
class Story:
    """A project's run: its steps, which serve what was done before, and what came out."""

    steps: Steps
    result: Result

    def target(self, board: Board) -> Target:
        """Where a board's firmware was built."""
        return self.steps.target(board)

    def write(self) -> Path:
        """Everything that a run hands over; returns the report."""
        return write_all(self.steps, self.result).report


def settings(folder: Path) -> Project:
    """What a project's file says."""
    return read_project(folder)


def model_of(folder: Path) -> tuple[Model, Project]:
    """The trained and quantised model of a project."""
    steps = open_project(folder, Nobody(), default_cache())
    return make_model(steps), steps.project


def ran(folder: Path) -> Story:
    """Recordings in, proven modules out."""
    steps = open_project(folder, Nobody(), default_cache())
    result = run_story(steps)
    steps.journal.close()
    return Story(steps, result)


def losses_of(model: Model) -> Losses:
    """What a project's model lost, which its gates judge."""
    known, found = scores_classes(model.graph), model.compressed
    outputs = tuple(e if known else replace(e, top1=None) for e in found.outputs)
    return Losses(found, outputs, ())


def calibration_cases(model: Model) -> int:
    """Windows that calibrated a project's model: those of the training part."""
    return len(model.windows.of(TRAIN)[1])
