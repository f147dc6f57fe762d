"""The steps of the story by name: what each depends on, and which part of tinsmith computes it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from tinsmith.bench.runner import RUNNERS, runners_for
from tinsmith.build.firmware import Firmware
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.build.package import Golden
from tinsmith.build.shared import build_shared
from tinsmith.build.toolchain import TOOLCHAINS, toolchains_for
from tinsmith.codegen.compile import compile_graph
from tinsmith.codegen.module import InferenceModule
from tinsmith.compress.apply import apply
from tinsmith.compress.method import Calibration, Compressed
from tinsmith.core.errors import UserError
from tinsmith.data.dataset import Dataset, Manifest
from tinsmith.data.imports import import_files, open_dataset
from tinsmith.data.windows import TEST, TRAIN, Windows, cut
from tinsmith.devices.board import BOARDS, Board
from tinsmith.flow import golden
from tinsmith.flow.first_link import explained
from tinsmith.flow.journal import Journal
from tinsmith.flow.places import check_cache
from tinsmith.flow.project import PROJECT_FILE, Project
from tinsmith.flow.result import Measurement, Proof
from tinsmith.flow.trial import TestData, Trial, measure, prove
from tinsmith.ir.graph import Graph
from tinsmith.learn.evaluate import evaluate
from tinsmith.learn.features import feature_graph, features, to_raw
from tinsmith.learn.metrics import Metrics
from tinsmith.learn.pipeline import Pipeline
from tinsmith.learn.train import train
from tinsmith.learn.trained import Trained
from tinsmith.prove.diagnose import Hypothesis
from tinsmith.prove.variants import parameter_hypotheses


class Steps:
    """The steps of one project's run. Each is served from the cache where nothing changed."""

    def __init__(self, project: Project, journal: Journal, objects: Path) -> None:
        self.project = project
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
        sources = self.project.sources
        if sources.dataset is not None:
            return open_dataset(sources.dataset)
        contents = tuple(
            (p.parent.name, p.name, sha256(p.read_bytes()).hexdigest()) for p in sources.files
        )
        inputs = (self.project.name, contents, sources.options)
        folder = self.project.state / "data" / self.journal.cache.key("import", *inputs)[:16]
        arguments = (sources.files, self.project.name, sources.options, folder)
        manifest = self.journal.step(
            "import", Manifest, inputs, lambda p: import_files(*arguments, p).manifest
        )
        return Dataset(manifest, folder)

    def cut(self, dataset: Dataset) -> Windows:
        """Windows of the recordings, split into train, validation and test.

        Raises:
            UserError: the pipeline was designed for other channels or another rate.
        """
        pipeline, seed = self.project.pipeline, self.project.seed
        _same_signal(pipeline, dataset, self.project.folder / PROJECT_FILE)
        return self.journal.step(
            "cut",
            Windows,
            (dataset.id, pipeline.window, seed),
            lambda _: cut(dataset, pipeline.window, seed),
        )

    def survey(self, windows: Windows) -> np.ndarray:
        """Features of all windows [n, features], by the very graph that the device runs."""
        pipeline = self.project.pipeline
        raw = to_raw(windows.values, pipeline.sensor)
        return self.journal.step(
            "features",
            np.ndarray,
            (pipeline, raw),
            lambda _: features(feature_graph(pipeline), raw),
        )

    def train(self, windows: Windows, found: np.ndarray) -> Trained:
        """The model, trained on the features with the project's seed."""
        pipeline, seed = self.project.pipeline, self.project.seed
        tools = (_version("torch"), _version("numpy"))
        return self.journal.step(
            "train",
            Trained,
            (pipeline, windows, found, seed, tools),
            lambda progress: train(pipeline, windows, found, seed, progress),
        )

    def export(self, trained: Trained) -> Graph:
        """Signal processing and network as one float graph."""
        return self.journal.step(
            "export", Graph, (trained, _version("torch")), lambda _: trained.to_graph()
        )

    def compress(self, graph: Graph, windows: Windows) -> Compressed:
        """The smaller graph, calibrated on the training windows."""
        raw = {graph.inputs[0]: self._raw(windows, TRAIN)}
        method = self.project.method
        return self.journal.step(
            "compress",
            Compressed,
            (graph, method, raw),
            lambda _: apply(graph, method, Calibration(raw)),
        )

    def judge(self, graph: Graph, windows: Windows) -> Metrics:
        """Accuracy of a graph on the test windows, by the reference interpreter."""
        raw, labels = self._raw(windows, TEST), windows.of(TEST)[1]
        return self.journal.step(
            f"judge {graph.dialect}",
            Metrics,
            (graph, raw, labels),
            lambda _: evaluate(graph, raw, labels),
        )

    def compile(self, graph: Graph, board: Board) -> InferenceModule:
        """Readable C and a memory plan."""
        return self.journal.step(
            f"compile {board.id}",
            InferenceModule,
            (graph, board),
            lambda _: compile_graph(graph, board),
        )

    def build(self, module: InferenceModule, board: Board) -> Firmware:
        """The image, linked for the board's exact memories."""
        name = self.project.toolchain
        options = BuildOptions(cache=self.objects)
        compiler = TOOLCHAINS.get(name).find().version
        return self.journal.step(
            f"build {board.id}",
            Firmware,
            (module, board, name, compiler),
            lambda _: self._link(module, board, options),
        )

    def _link(self, module: InferenceModule, board: Board, options: BuildOptions) -> Firmware:
        if not board.memories:
            with self._explained(board, toolchains_for(board)[0]):
                return build_shared(module, self.objects)
        name = self.project.toolchain
        with self._explained(board, name):
            return build_image(module, board, name, options)

    def _explained(self, board: Board, toolchain: str) -> AbstractContextManager[None]:
        return explained(board.core, toolchain, self.objects, self.journal.listener.noted)

    def measure(
        self, firmware: Firmware, board: Board, graph: Graph, windows: Windows
    ) -> Measurement:
        """The firmware on the whole test part, or on as many windows as emulate in seconds, and the
        float graph on the very same windows."""
        name = firmware.module.graph.inputs[0]
        data = TestData(name, self._raw(windows, TEST), windows.of(TEST)[1])
        runner = runners_for(board)[0]
        return self.journal.step(
            f"measure {board.id}",
            Measurement,
            (firmware, board, graph, data, RUNNERS.get(runner).find()),
            lambda progress: measure(
                Trial(firmware, board, self.objects, self.project.toolchain), graph, data, progress
            ),
        )

    def prove(self, firmware: Firmware, board: Board, graph: Graph, windows: Windows) -> Proof:
        """Reference, host C and the board's firmware on the golden windows, stage by stage.

        ``graph`` is what was compiled, to name a wrong signal-processing parameter.
        """
        stimulus, pipeline = self._stimulus(firmware.module, windows), self.project.pipeline
        runner = runners_for(board)[0]
        tools = (RUNNERS.get(runner).find(), RUNNERS.get("host").find())
        return self.journal.step(
            f"prove {board.id}",
            Proof,
            (firmware, board, stimulus, tools),
            lambda _: self._prove(
                self._trial(firmware, board),
                stimulus,
                lambda: parameter_hypotheses(graph, pipeline),
            ),
        )

    def _trial(self, firmware: Firmware, board: Board) -> Trial:
        return Trial(firmware, board, self.objects, self.project.toolchain)

    def _prove(
        self,
        trial: Trial,
        stimulus: dict[str, np.ndarray],
        suspects: Callable[[], Sequence[Hypothesis]],
    ) -> Proof:
        host = BOARDS.get("host")  # the second opinion is compiled for this computer
        with self._explained(host, toolchains_for(host)[0]):
            return prove(trial, stimulus, suspects)

    def golden(self, module: InferenceModule, windows: Windows) -> Golden:
        """Golden windows with the reference's answers, as they travel with packages."""
        graph, stimulus = module.graph, self._stimulus(module, windows)
        pipeline, labels = self.project.pipeline, windows.labels
        return self.journal.step(
            f"golden {module.board}",
            Golden,
            (graph, stimulus, pipeline, labels),
            lambda _: golden.explained(golden.answered(graph, stimulus), pipeline, labels),
        )

    def _stimulus(self, module: InferenceModule, windows: Windows) -> dict[str, np.ndarray]:
        chosen = golden.choose(windows, self.project.golden)
        return {module.graph.inputs[0]: self._raw(windows, TEST)[chosen]}

    def _raw(self, windows: Windows, part: int) -> np.ndarray:
        """Windows of one part as the driver's integers."""
        return to_raw(windows.of(part)[0], self.project.pipeline.sensor)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


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
