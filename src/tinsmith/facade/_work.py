"""All that the facade asks of the layers below, in one file: every call into `flow` and into the
compiler's stages stands here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.bench.outcome import Outcome
from tinsmith.bench.runner import RUNNERS
from tinsmith.build.firmware import Firmware
from tinsmith.build.package import PACKAGES, Golden, Order, check_version
from tinsmith.codegen.choices import NOTHING_CHOSEN, Choices, read_pinned
from tinsmith.codegen.module import InferenceModule
from tinsmith.compress.apply import apply, check_float
from tinsmith.compress.method import Calibration, Compressed, OutputError
from tinsmith.core.cache import Cache, write_atomically
from tinsmith.core.errors import UserError
from tinsmith.core.job import Job
from tinsmith.core.progress import Nobody
from tinsmith.data.windows import TRAIN
from tinsmith.devices.board import BOARDS, Board
from tinsmith.flow import stages
from tinsmith.flow.model import open_model
from tinsmith.flow.model_inputs import default_inputs as default_inputs
from tinsmith.flow.model_target import Target as Target
from tinsmith.flow.model_target import target_for
from tinsmith.flow.open import model_job, open_project
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
from tinsmith.flow.trial import Cases, Trial
from tinsmith.importers import IMPORTERS
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.store import SUFFIX, dumps
from tinsmith.prove.parity import compare
from tinsmith.prove.record import reference_trace, trace_of
from tinsmith.prove.trace import Verdict

Arrays = Mapping[str, np.ndarray]


def read(path: Path, semantics: str, job: Job | None = None) -> Graph:
    """The graph of a model file."""
    return open_model(path, semantics, job or Job())


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


def check_folder(folder: Path) -> None:
    """Whether files can be written into a folder."""
    check_output_folder(folder)


@dataclass(frozen=True)
class Workshop:
    """Where compiled things are kept: objects of compilers below ``folder``, and results of
    steps."""

    folder: Path
    results: Cache | None

    def job(self) -> Job:
        """For the steps of one call."""
        return Job(self.results)


def workshop(cache: Path | None) -> Workshop:
    """In a folder of one's own, else in the user's cache; the command line keeps its results
    there, too."""
    folder = cache or default_cache()
    return Workshop(folder, model_job(Nobody(), folder).cache)


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
    job = shop.job()
    return stages.built(job, stages.compiled(job, graph, where.board, choices), where)


def on_host(module: InferenceModule, inputs: Arrays, shop: Workshop) -> Arrays:
    """The outputs of the same C on this computer; states go from case to case."""
    job, trial = shop.job(), _host(module, shop)
    return trial.run(Cases(inputs, reset_each=False), job).outputs


def _host(module: InferenceModule, shop: Workshop) -> Trial:
    where = target(BOARDS.get("host"), "", shop)
    return Trial(stages.built(shop.job(), module, where), where)


def measured(firmware: Firmware, inputs: Arrays, where: Target, shop: Workshop) -> Outcome:
    """What the board's runner sees; states go from case to case."""
    cases = Cases(inputs, reset_each=False)
    return stages.measured(shop.job(), firmware, where, cases).outcome


def proven(
    firmware: Firmware, inputs: Arrays, where: Target, shop: Workshop
) -> tuple[Verdict, ...]:
    """The reference against C on this computer and against the board's firmware; where its runner
    does not see every value, its outputs are compared."""
    cases, graph = Cases(inputs), firmware.module.graph
    origin = stages.Origin(graph)
    if RUNNERS.get(where.runner).traces:
        return stages.proven(shop.job(), firmware, where, cases, origin).verdicts
    host = _host(firmware.module, shop)
    own = stages.proven(shop.job(), host.firmware, host.target, cases, origin).verdicts
    outcome = stages.measured(shop.job(), firmware, where, cases).outcome
    seen = trace_of(replace(outcome, trace=outcome.outputs), inputs)
    return (*own, compare(graph, reference_trace(graph, inputs), seen))


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
    order = Order(module, where.board, golden, where.cache, where.toolchain, version)
    name, data = package.make(order)
    return Archive(name, data, len(next(iter(given.values()))))


@dataclass(frozen=True)
class Story:
    """A project's run: its steps, which serve what was done before, and what came out."""

    steps: Steps
    result: Result

    def target(self, board: Board) -> Target:
        """Where a board's firmware was built."""
        return self.steps.target(board)

    def choices(self, board: Board) -> Choices:
        """Kernels that the project pins for a board."""
        return self.steps.choices(board)

    def write(self) -> Path:
        """Everything that a run hands over; returns the report."""
        return write_all(self.steps, self.result).report


def settings(folder: Path) -> Project:
    """What a project's file says."""
    return read_project(folder)


def model_of(folder: Path, shop: Workshop) -> Model:
    """The trained and quantised model of a project."""
    return make_model(open_project(folder, Nobody(), shop.folder))


def ran(folder: Path, shop: Workshop) -> Story:
    """Recordings in, proven modules out."""
    steps = open_project(folder, Nobody(), shop.folder)
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
