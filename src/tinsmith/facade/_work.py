"""All that the facade asks of the layers below, in one file: every call into `flow` and into the
compiler's stages stands here, and is one that the command line makes, too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.bench.outcome import Outcome
from tinsmith.build.firmware import Firmware
from tinsmith.codegen.choices import NOTHING_CHOSEN, Choices
from tinsmith.codegen.module import InferenceModule
from tinsmith.core.cache import Cache, write_atomically
from tinsmith.core.errors import UserError
from tinsmith.core.job import Job
from tinsmith.core.progress import Listener, Nobody
from tinsmith.data.windows import TRAIN
from tinsmith.devices.board import BOARDS, Board
from tinsmith.flow import stages
from tinsmith.flow.certified import papers_of as papers_of
from tinsmith.flow.drawn import default_inputs as default_inputs
from tinsmith.flow.drawn import seeded_inputs as seeded_inputs
from tinsmith.flow.figures import Figures, figures
from tinsmith.flow.golden import golden_of as golden_of
from tinsmith.flow.locks import locked
from tinsmith.flow.model import open_model as open_model
from tinsmith.flow.model import write_graph as write_graph
from tinsmith.flow.model_compare import Comparison as Comparison
from tinsmith.flow.model_compare import side_by_side, traces
from tinsmith.flow.model_inputs import renamed as renamed
from tinsmith.flow.model_target import Target as Target
from tinsmith.flow.model_target import target_for as target_for
from tinsmith.flow.names import check_name as check_name
from tinsmith.flow.open import model_job, open_project
from tinsmith.flow.outputs import write_all
from tinsmith.flow.package import Packed as Packed
from tinsmith.flow.package import check_packages as check_packages
from tinsmith.flow.package import write_packages as write_packages
from tinsmith.flow.places import check_output, default_cache
from tinsmith.flow.profile import Profile as Profile
from tinsmith.flow.profile import profile
from tinsmith.flow.project import Project, read_project
from tinsmith.flow.quantise import Losses as Losses
from tinsmith.flow.quantise import Manner, outputs_lost
from tinsmith.flow.quantise import quantised as quantise_graph
from tinsmith.flow.record import interval_text as interval_text
from tinsmith.flow.result import Model, Result
from tinsmith.flow.result import check_equal as check_equal
from tinsmith.flow.run import make_model
from tinsmith.flow.run import run as run_story
from tinsmith.flow.steps import Steps as Steps
from tinsmith.flow.trial import Cases as Cases
from tinsmith.flow.trial import Trial
from tinsmith.importers import IMPORTERS
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.prove.trace import Verdict

Arrays = Mapping[str, np.ndarray]


def take(importer: str, model: Any, example: list[np.ndarray], name: str) -> Graph:
    """The graph of a live model."""
    return IMPORTERS.get(importer).load(model, example, name)


def reference(graph: Graph, inputs: Arrays) -> Arrays:
    """The outputs by the interpreter; states go from case to case."""
    values = run_cases(graph, inputs, reset_each=False)
    return {name: values[name] for name in graph.outputs}


def quantised(graph: Graph, inputs: Arrays, manner: Mapping[str, Any], job: Job) -> Losses:
    """The quantised graph with its losses, which are judged; said in words of Python."""
    try:
        return quantise_graph(graph, inputs, Manner(**manner), job)
    except UserError as e:
        raise UserError(e.code, e.message, e.hint.replace("--least-sqnr ", "least_sqnr=")) from None


def write(path: Path, data: bytes) -> Path:
    """A file, whole or not at all."""
    check_output(path)
    write_atomically(path, data)
    return path


@dataclass(frozen=True)
class Workshop:
    """Where compiled things are kept: objects of compilers below ``folder``, and results of
    steps; and the job of somebody who watches."""

    folder: Path
    results: Cache | None
    watched: Job | None = None

    def job(self) -> Job:
        """For the steps of one call."""
        return self.watched or Job(self.results)


def workshop(cache: Path | None, job: Job | None = None) -> Workshop:
    """In a folder of one's own, else in the user's cache; the command line keeps its results
    there, too."""
    folder = cache or default_cache()
    return Workshop(folder, job.cache if job else model_job(Nobody(), folder).cache, job)


def watched(listener: Listener | None, cache: Path | None, fresh: bool) -> Job:
    """A job whose results are kept."""
    return model_job(listener or Nobody(), cache or default_cache(), fresh)


def pinned(
    choices: Mapping[str, str] | Path | None, where: Target, graph: Graph, shop: Workshop
) -> Choices:
    """Kernels that are asked for, by name of the layer, or in a lock file."""
    if choices is None:
        return NOTHING_CHOSEN
    if isinstance(choices, Mapping):
        return Choices(dict(choices))
    if not choices.is_file():
        raise UserError(
            "compile.choices", f"There is no file {choices}.", "Name a lock file, or pass a dict."
        )
    return locked(choices, where, graph, shop.job())


def compiled(graph: Graph, where: Target, choices: Choices, shop: Workshop) -> Firmware:
    """A graph as C, and the C as a linked image."""
    job = shop.job()
    return stages.built(job, stages.compiled(job, graph, where.board, choices), where)


def on_host(module: InferenceModule, inputs: Arrays, shop: Workshop) -> Arrays:
    """The outputs of the same C on this computer; states go from case to case."""
    job, where = shop.job(), target_for(BOARDS.get("host"), cache=shop.folder)
    trial = Trial(stages.built(job, module, where), where)
    return trial.run(Cases(inputs, reset_each=False), job).outputs


def measured(firmware: Firmware, cases: Cases, where: Target, shop: Workshop) -> Figures:
    """The figures of a run on the board's runner."""
    outcome: Outcome = stages.measured(shop.job(), firmware, where, cases)
    return figures(firmware, outcome, where.board)


def profiled(firmware: Firmware, cases: Cases, where: Target, shop: Workshop) -> Profile:
    """Where the time of the first case goes."""
    outcome: Outcome = stages.measured(shop.job(), firmware, where, cases)
    return profile(firmware, outcome, where.board, where.optimize)


def compared(
    graph: Graph, runs: Sequence[tuple[Firmware, Target]], cases: Cases, shop: Workshop
) -> Comparison:
    """Every layer in two executions; of one, against the reference."""
    trials, compiled = [Trial(f, where.tracing()) for f, where in runs], runs[0][0].module.graph
    seen, golden = traces(compiled, trials, cases, shop.job())
    return side_by_side(graph.name, compiled, golden, seen, cases.reset_each)


def proven(
    firmware: Firmware, inputs: Arrays, where: Target, shop: Workshop
) -> tuple[Verdict, ...]:
    """The reference against C on this computer and against the board's firmware."""
    origin = stages.Origin(firmware.module.graph)
    return stages.proven(shop.job(), firmware, where, Cases(inputs), origin).verdicts


@dataclass(frozen=True)
class Story:
    """A project's run: its steps, which serve what was done before, and what came out."""

    steps: Steps
    result: Result

    def target(self, board: Board) -> Target:
        """Where a board's firmware was built."""
        return self.steps.target(board)

    def choices(self, board: Board) -> Choices:
        """Kernels that the project pins for a board, or was tuned to."""
        return self.steps.choices(board, self.result.model.compressed.graph)

    def write(self) -> Path:
        """Everything that a run hands over; returns the report."""
        return write_all(self.steps, self.result).report


def settings(folder: Path) -> Project:
    """What a project's file says."""
    return read_project(folder)


def steps_of(folder: Path, shop: Workshop, listener: Listener | None) -> Steps:
    """The steps of a project, which serve what was done before."""
    return open_project(folder, listener or Nobody(), shop.folder)


def ran(steps: Steps) -> Story:
    """Recordings in, proven modules out."""
    result = run_story(steps)
    steps.journal.close()
    return Story(steps, result)


def model_of(steps: Steps) -> Model:
    """The trained and quantised model of a project."""
    return make_model(steps)


def losses_of(model: Model) -> Losses:
    """What a project's model lost, which its gates judge."""
    return Losses(model.compressed, outputs_lost(model.graph, model.compressed))


def calibration_cases(model: Model) -> int:
    """Windows that calibrated a project's model: those of the training part."""
    return len(model.windows.of(TRAIN)[1])
