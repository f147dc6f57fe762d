"""A model file as a source of graphs: imported, and from there on treated as recordings are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.bench.outcome import Outcome
from tinsmith.bench.runner import RUNNERS
from tinsmith.build.firmware import Firmware
from tinsmith.codegen.choices import NOTHING_CHOSEN, Choices, read_pinned, write_chosen
from tinsmith.core.cache import write_atomically
from tinsmith.core.errors import UserError
from tinsmith.core.job import File, Job
from tinsmith.core.progress import Progress
from tinsmith.core.quantity import Estimated
from tinsmith.flow import stages
from tinsmith.flow.drawn import default_inputs
from tinsmith.flow.figures import Figures, figures
from tinsmith.flow.judged import Judged, check_labels, judged, read_labels
from tinsmith.flow.locks import lock_of, locked
from tinsmith.flow.model_inputs import read_inputs, renamed, write_outputs
from tinsmith.flow.model_target import Target, choose_target
from tinsmith.flow.places import check_output
from tinsmith.flow.record import measured_record
from tinsmith.flow.trial import Cases
from tinsmith.importers import IMPORTERS, read_model
from tinsmith.ir.graph import Graph
from tinsmith.ir.store import SUFFIX, dumps

_SIZES = ("flash", "ram_static", "ram", "arena", "state", "stack", "stack_bound", "weights",
          "code")  # fmt: skip


@dataclass(frozen=True)
class MeasureOptions:
    """What to measure and how; empty texts mean the board's or importer's first choice.

    ``board``: id of a board, or path of a user's own (``.toml``).
    ``inputs``: an .npz file (see flow/model_inputs.py); None: one case of default values.
    ``outputs``: where the answers go. ``reset_each``: states are reset before each case, not only
    before the first. ``stack_bytes``: stack to reserve. ``cache``: folder of compiled objects.
    ``choices``: a lock file (codegen/choices.py); None: that beside the model, if there is one.
    ``keep_inputs``: a run leaves its inputs as they were written. ``labels``: an .npz file with
    what the answers ought to be (see flow/judged.py).
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
    cache: Path = field(kw_only=True)
    choices: Path | None = None
    keep_inputs: bool = False
    labels: Path | None = None

    def target(self) -> Target:
        """Board, toolchain and runner, all of them here.

        Raises:
            UserError: they do not exist, or not together; ``build.stack``.
            MissingTool: one of them is not installed.
        """
        asked = self.toolchain, self.runner, self.optimize
        found = choose_target(self.board, *asked, cache=self.cache).keeping(self.keep_inputs)
        chosen = found.reserving(self.stack_bytes)
        RUNNERS.get(chosen.runner).find()
        return chosen


@dataclass(frozen=True)
class ModelMeasurement:
    """A model file's figures on one board, and how they came about. ``semantics``: whose integers
    are meant; ``compile_seconds``: from graph to linked image; what was kept of earlier calls takes
    no time. ``drawn``: the inputs were nobody's, but a fixed generator's. ``judged``: what the
    answers are worth, where labels were given."""

    model: str
    figures: Figures
    firmware: Firmware
    outcome: Outcome
    optimize: str
    semantics: str | None
    compile_seconds: float
    drawn: bool = False
    judged: Judged | None = None

    def record(self) -> dict[str, Any]:
        """The figures for JSON: bare, and under ``quantities`` each with its origin.

        Bytes: flash = everything stored in flash (.data's load image included), weights + code =
        flash; ram_static = .data + .bss, in which arena and state lie; ram adds the deepest stack
        that was seen; stack_bound = the deepest that there can be. Null: the board (``host``) or
        its runner does not show it.
        """
        found, outcome = self.figures.quantities, self.outcome
        sizes = {f"{n}_bytes": found[n].value if n in found else None for n in _SIZES}
        cycles, latency = (self.figures.find(n, Estimated) for n in ("cycles", "latency"))
        least, most = (found.get(n) for n in ("instructions_least", "instructions"))
        counts = {"min": least.value, "max": most.value} if least and most else None
        return {
            **measured_record(self.figures, self.firmware, outcome), **sizes,
            "model": self.model, "cases": self.figures.cases, "instructions": counts,
            "cycles": _range(cycles), "latency_s": _range(latency, 1e-3),
            "runner": outcome.runner, "runner_version": outcome.runner_version,
            "method": outcome.method, "optimize": self.optimize, "semantics": self.semantics,
            "compile_seconds": self.compile_seconds, "inputs": "drawn" if self.drawn else "given",
            "judged": self.judged.record() if self.judged else None,
        }  # fmt: skip


def _range(estimate: Estimated | None, unit: float = 1) -> dict[str, float] | None:
    return {"min": estimate.low * unit, "max": estimate.high * unit} if estimate else None


def measure_model(path: Path, options: MeasureOptions, job: Job | None = None) -> ModelMeasurement:
    """Import a model, build it for a board, run it and report its figures.

    Raises:
        UserError: ``model.file`` (there is none), ``output.place``, what the importer refuses,
            ``model.inputs.*``, ``build.fit`` (`DoesNotFit`), and every fault of a run.
    """
    job = job or Job()
    target = options.target()  # what is wrong is known before a large model is read
    if options.outputs is not None:
        check_output(options.outputs, path, options.inputs, options.labels)
    if options.labels is not None:
        check_labels(options.labels, options.inputs)
    lock = lock_of(path, options.choices)
    read_pinned(lock, target.board.id)
    graph = open_model(path, options.semantics, job)
    choices = locked(lock, target, graph, job)
    meant = semantics_of(path, options.semantics)
    found = measure_graph(graph, (path.name, meant), options, job, choices)
    if options.choices is not None:
        write_chosen(options.choices, target.board.id, found.firmware.module.kernels)
    return found


def measure_graph(
    graph: Graph,
    about: tuple[str, str | None],
    options: MeasureOptions,
    job: Job,
    choices: Choices = NOTHING_CHOSEN,
) -> ModelMeasurement:
    """`measure_model` from the graph on; ``about``: the model's name and its semantics."""
    target = options.target()
    inputs, labels = case_inputs(graph, options.inputs, job), None
    if options.labels is not None:
        labels = job.step("labels", read_labels, file=File(options.labels))
    module = stages.compiled(job, graph, target.board, target.aimed(choices))
    cases = Cases(renamed(inputs, graph, module.graph), reset_each=options.reset_each)
    firmware = stages.built(job, module, target)
    seconds = round(sum(r.seconds for r in job.records[-2:]), 3)
    outcome = stages.measured(job, firmware, target, cases)
    if options.outputs is not None:
        write_outputs(options.outputs, [outcome.outputs[n] for n in module.graph.outputs])
    worth = None
    if labels is not None:
        worth = judged(outcome.outputs[module.graph.outputs[0]], module.graph, labels)
    found, optimised = figures(firmware, outcome, target.board), target.optimize or "default"
    model, semantics = about
    drawn = options.inputs is None
    return ModelMeasurement(
        model, found, firmware, outcome, optimised, semantics, seconds, drawn, worth
    )


def open_model(path: Path, semantics: str, job: Job) -> Graph:
    """The graph of a model file; what its importer has to say of it is noted.

    Raises:
        UserError: ``model.file``, or what the importer says.
        Cancelled: the job was cancelled.
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
    graph = job.step("import", imported, file=File(path), semantics=semantics)
    for text in graph.notes:
        job.note(f"{path.name}: {text}")
    return graph


def imported(file: File, semantics: str, job: Progress) -> Graph:
    """Step: the graph of a model file."""
    return read_model(file.path, "", semantics, job)


def check_graph_file(path: Path, *read: Path | None) -> None:
    """Whether a graph can be written there; ``read``: what must not be overwritten.

    Raises:
        UserError: ``model.save`` (another suffix), ``output.place``.
    """
    if path.suffix.lower() != SUFFIX:
        raise UserError(
            "model.save",
            f"{path} does not end with {SUFFIX}.",
            f"Write for instance: {(path.stem or 'model') + SUFFIX}",
        )
    check_output(path, *read)


def write_graph(graph: Graph, path: Path) -> Path:
    """A graph as a file that `open_model` takes."""
    check_graph_file(path)
    write_atomically(path, dumps(graph))
    return path


def semantics_of(path: Path, semantics: str) -> str | None:
    """Whose integers are meant: as asked, or the importer's first; None where there is no
    choice."""
    suffix = path.suffix.lower()
    listed, names = IMPORTERS.listing, IMPORTERS.names()
    own = next((n for n in names if suffix in listed(n, "suffixes")), None)
    return semantics or next(iter(listed(own, "semantics") if own else ()), None)


@dataclass(frozen=True)
class Given:
    """Arrays of a file by name of the input, and what is to be said of them."""

    arrays: Mapping[str, np.ndarray]
    notes: tuple[str, ...]


def case_inputs(graph: Graph, path: Path | None, job: Job) -> Mapping[str, np.ndarray]:
    """The cases of a file, or one of default values.

    Raises:
        UserError ``model.inputs.*``.
    """
    if path is None:
        return default_inputs(graph)
    if not path.is_file():
        read_inputs(path, graph)  # says what is wrong with it
    given = job.step("inputs", read_cases, file=File(path), graph=graph)
    for text in given.notes:
        job.note(text)
    return given.arrays


def read_cases(file: File, graph: Graph, job: Progress) -> Given:
    """Step: the cases of a file."""
    path, notes = file.path, list[str]()
    cases = read_inputs(path, graph, notes.append, job)
    for name, array in cases.items():
        odd = len(array) - int(np.isfinite(array).reshape(len(array), -1).all(axis=1).sum())
        if odd:
            notes.append(f"{path}: {odd} of {len(array)} cases of {name!r} hold NaN or infinity.")
    return Given(cases, tuple(notes))
