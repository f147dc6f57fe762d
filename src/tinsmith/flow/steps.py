"""Recordings as a source of graphs: the steps of a project by name, from its files to the graph
that is compiled; and the steps behind it (`flow/stages.py`) with what they need of the project."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np

from tinsmith.build.firmware import Firmware
from tinsmith.build.package import Golden
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.module import InferenceModule
from tinsmith.compress.apply import apply
from tinsmith.compress.method import Calibration, Compressed
from tinsmith.core.codec import content_hash
from tinsmith.core.errors import UserError
from tinsmith.core.job import Job
from tinsmith.core.progress import Progress
from tinsmith.data.dataset import Dataset, Manifest
from tinsmith.data.format import ReadOptions
from tinsmith.data.imports import import_files, open_dataset
from tinsmith.data.windows import TEST, TRAIN, Windows, cut
from tinsmith.devices.board import Board
from tinsmith.flow import golden, stages
from tinsmith.flow.journal import Journal
from tinsmith.flow.locks import locked
from tinsmith.flow.model_target import Target, target_for
from tinsmith.flow.places import check_cache
from tinsmith.flow.project import PROJECT_FILE, Project
from tinsmith.flow.result import Model, Proof, Scored
from tinsmith.flow.sources import Imported
from tinsmith.flow.trial import Cases
from tinsmith.ir.graph import Graph
from tinsmith.learn.evaluate import evaluate
from tinsmith.learn.features import feature_graph, features, to_raw
from tinsmith.learn.metrics import Metrics
from tinsmith.learn.pipeline import Pipeline
from tinsmith.learn.train import train
from tinsmith.learn.trained import Trained
from tinsmith.learn.units import Units, units_of

Contents = tuple[tuple[str, str, str], ...]
"""Folder, name and hash of every file of recordings."""


class Steps:
    """The steps of one project's run. Each is served from the cache where nothing changed."""

    def __init__(self, project: Project, job: Job, journal: Journal, objects: Path) -> None:
        self.project = project
        self.job = job
        self.journal = journal
        self._objects = objects

    @cached_property
    def objects(self) -> Path:
        """Folder of compiled objects and of compilers' runtimes, which a user's projects share.

        Raises:
            UserError ``cache.folder``: it cannot be written.
        """
        check_cache(self._objects)
        return self._objects

    def load(self) -> Dataset:
        """The project's dataset, imported from its files where it names files."""
        sources, name = self.project.sources, self.project.name
        if isinstance(sources, Imported):
            return open_dataset(sources.folder)
        contents = tuple(
            (p.parent.name, p.name, sha256(p.read_bytes()).hexdigest()) for p in sources.files
        )
        code = self.job.cache.code if self.job.cache else ""
        digest = content_hash(code, name, contents, sources.options)
        folder = self.project.state / "data" / digest[:16]
        manifest = self.job.step(
            "import", imported, batch=Batch(name, contents, sources.options),
            files=sources.files, folder=folder,
        )  # fmt: skip
        return Dataset(manifest, folder)

    def cut(self, dataset: Dataset) -> Windows:
        """Windows of the recordings, split into train, validation and test.

        Raises:
            UserError: the pipeline was designed for other channels or another rate.
        """
        pipeline, seed = self.project.pipeline, self.project.seed
        _same_signal(pipeline, dataset, self.project.folder / PROJECT_FILE)
        return self.job.step(
            "cut", windows_of, manifest=dataset.manifest, root=dataset.root,
            pipeline=pipeline, seed=seed,
        )  # fmt: skip

    def survey(self, windows: Windows) -> np.ndarray:
        """Features of all windows [n, features], by the very graph that the device runs."""
        pipeline = self.project.pipeline
        return self.job.step("features", survey, pipeline=pipeline, windows=windows)

    def train(self, windows: Windows, found: np.ndarray) -> Trained:
        """The model, trained on the features with the project's seed."""
        return self.job.step(
            "train", fitted, pipeline=self.project.pipeline, windows=windows, features=found,
            seed=self.project.seed,
        )  # fmt: skip

    def export(self, trained: Trained) -> Graph:
        """Signal processing and network as one float graph."""
        return self.job.step("export", Trained.to_graph, self=trained)

    def compress(self, graph: Graph, windows: Windows) -> Compressed:
        """The smaller graph, calibrated on the training windows."""
        return self.job.step(
            "compress", compressed, graph=graph, method=self.project.method, windows=windows,
            pipeline=self.project.pipeline,
        )  # fmt: skip

    def judge(self, graph: Graph, windows: Windows, dataset: Dataset) -> Metrics:
        """Accuracy of a graph on the test windows, by the reference interpreter."""
        return self.job.step(
            f"judge {graph.dialect}", judged, graph=graph, windows=windows,
            pipeline=self.project.pipeline, units=_units(dataset, windows, TEST),
        )  # fmt: skip

    def target(self, board: Board, optimize: str = "") -> Target:
        """The board with the project's toolchain and its first runner; ``optimize``: empty for the
        toolchain's own choice.

        Raises:
            UnknownKind, UserError, MissingTool: see `target_for`.
        """
        toolchain = self.project.toolchain if board.memories else ""
        return target_for(board, toolchain, optimize=optimize, cache=self.objects.parent)

    def compile(self, graph: Graph, board: Board) -> InferenceModule:
        """Readable C and a memory plan."""
        return stages.compiled(self.job, graph, board, self.choices(board, graph))

    def choices(self, board: Board, graph: Graph) -> Choices:
        """What the project's lock file pins for a board, and what was tuned for it."""
        return locked(self.project.lock, self.target(board), graph, self.job)

    def build(self, module: InferenceModule, board: Board) -> Firmware:
        """The image, linked for the board's exact memories."""
        return stages.built(self.job, module, self.target(board))

    def measure(self, firmware: Firmware, board: Board, model: Model) -> Scored:
        """The firmware on the whole test part, or on as many windows as emulate in seconds, and the
        float graph on the very same windows."""
        windows, name = model.windows, firmware.module.graph.inputs[0]
        inputs, units = {name: self._raw(windows, TEST)}, _units(model.dataset, windows, TEST)
        cases = Cases(inputs, windows.of(TEST)[1], units=units)
        return stages.scored(self.job, firmware, self.target(board), cases, model.graph)

    def prove(self, firmware: Firmware, board: Board, graph: Graph, windows: Windows) -> Proof:
        """Reference, host C and the board's firmware on the golden windows, stage by stage.

        ``graph`` is what was compiled, to name a wrong signal-processing parameter.
        """
        origin = stages.Origin(graph, self.project.pipeline)
        cases = Cases(self._stimulus(firmware.module, windows))
        return stages.proven(self.job, firmware, self.target(board), cases, origin)

    def golden(self, module: InferenceModule, windows: Windows) -> Golden:
        """Golden windows with the reference's answers, as they travel with packages."""
        return self.job.step(
            f"golden {module.board}", answers, graph=module.graph,
            stimulus=self._stimulus(module, windows), pipeline=self.project.pipeline,
            labels=windows.labels,
        )  # fmt: skip

    def _stimulus(self, module: InferenceModule, windows: Windows) -> dict[str, np.ndarray]:
        chosen = golden.choose(windows, self.project.golden)
        return {module.graph.inputs[0]: self._raw(windows, TEST)[chosen]}

    def _raw(self, windows: Windows, part: int) -> np.ndarray:
        return raw_part(windows, part, self.project.pipeline)


@dataclass(frozen=True)
class Batch:
    """Recordings to import, by content, under a name."""

    name: str
    contents: Contents
    options: ReadOptions


def imported(batch: Batch, files: tuple[Path, ...], folder: Path, job: Progress) -> Manifest:
    """Step: the recordings of ``files``, in ``folder``."""
    return import_files(files, batch.name, batch.options, folder, job).manifest


def windows_of(
    manifest: Manifest, root: Path, pipeline: Pipeline, seed: int, job: Progress
) -> Windows:
    """Step: windows of a dataset; its manifest names the content of ``root``."""
    job.check()
    return cut(Dataset(manifest, root), pipeline.window, seed)


def survey(pipeline: Pipeline, windows: Windows, job: Progress) -> np.ndarray:
    """Step: features of all windows."""
    return features(feature_graph(pipeline), to_raw(windows.values, pipeline.sensor), job)


def fitted(
    pipeline: Pipeline, windows: Windows, features: np.ndarray, seed: int, job: Progress
) -> Trained:
    """Step: training."""
    return train(pipeline, windows, features, seed, job)


def compressed(
    graph: Graph, method: str, windows: Windows, pipeline: Pipeline, job: Progress
) -> Compressed:
    """Step: compression with the training windows."""
    raw = {graph.inputs[0]: raw_part(windows, TRAIN, pipeline)}
    return apply(graph, method, Calibration(raw, job))


def judged(
    graph: Graph, windows: Windows, pipeline: Pipeline, units: Units, job: Progress
) -> Metrics:
    """Step: accuracy on the test windows, which belong to ``units``."""
    return evaluate(graph, raw_part(windows, TEST, pipeline), windows.of(TEST)[1], job, units)


def answers(
    graph: Graph,
    stimulus: Mapping[str, np.ndarray],
    pipeline: Pipeline,
    labels: tuple[str, ...],
    job: Progress,
) -> Golden:
    """Step: golden vectors."""
    return golden.explained(golden.answered(graph, stimulus, job=job), pipeline, labels)


def raw_part(windows: Windows, part: int, pipeline: Pipeline) -> np.ndarray:
    """Windows of one part as the driver's integers."""
    return to_raw(windows.of(part)[0], pipeline.sensor)


def _units(dataset: Dataset, windows: Windows, part: int) -> Units:
    """What the windows of one part belong to."""
    return units_of(dataset, windows).of(windows.part == part)


def _same_signal(pipeline: Pipeline, dataset: Dataset, file: Path) -> None:
    wanted, found = [[c.name for c in x.channels] for x in (pipeline, dataset.manifest)]
    if wanted != found:
        raise UserError(
            "project.signal.channels",
            f"{file}: signal.channels are {', '.join(wanted)}; the recordings have "
            f"{', '.join(found)}.",
            "Name the recordings' channels in their order.",
        )
    if abs(pipeline.rate_hz - dataset.manifest.rate_hz) > 1e-3 * pipeline.rate_hz:
        raise UserError(
            "project.signal.rate",
            f"{file}: signal.rate_hz is {pipeline.rate_hz:g}; the recordings have "
            f"{dataset.manifest.rate_hz:g} Hz.",
            "Say the recordings' own rate.",
        )
