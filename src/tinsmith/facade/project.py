"""Project: recordings, a pipeline and boards, as `tinsmith init` lays them out; and its run."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tinsmith.core.progress import Listener
from tinsmith.core.units import percent_text
from tinsmith.devices.board import Board
from tinsmith.facade import _work
from tinsmith.facade.compiled import Compiled
from tinsmith.facade.measurement import Measurement
from tinsmith.facade.model import Model
from tinsmith.facade.proof import Proof
from tinsmith.facade.quantise import Quantised
from tinsmith.facade.shown import Row, Shown
from tinsmith.flow.gates import Gate
from tinsmith.flow.project import Project as Settings
from tinsmith.flow.result import BoardResult
from tinsmith.flow.result import Model as Trained
from tinsmith.learn.metrics import Metrics


@dataclass(frozen=True, repr=False, eq=False)
class BoardRun(Shown):
    """What one board got in a project's run.

    Args:
        compiled: the model for this board; the same object as `compile` gives.
        measurement: figures of its run on test windows.
        proof: the reference against both executions, on the golden windows.
        accuracy: of the board's answers on test windows, with its interval.
        gates: fits, equal, learned, accurate, classes, fast: each answer with reasons.
    """

    compiled: Compiled
    measurement: Measurement
    proof: Proof
    accuracy: Metrics
    gates: tuple[Gate, ...]

    @property
    def board(self) -> Board:
        """The board."""
        return self.compiled.board

    @property
    def accepted(self) -> bool:
        """Whether all gates were passed."""
        return all(g.passed for g in self.gates)

    def _title(self) -> str:
        return f"{self.compiled._title()}: {'accepted' if self.accepted else 'NOT accepted'}"

    def _rows(self) -> Iterable[Row]:
        yield "test accuracy", _work.interval_text(self.accuracy.accuracy)
        yield from self.measurement._rows()
        yield from self.proof._rows()
        for gate in self.gates:
            yield gate.name, "yes" if gate.passed else "NO", " ".join(gate.reasons)


@dataclass(frozen=True, repr=False, eq=False)
class ProjectRun(Shown):
    """What a project's run made.

    Args:
        model: the quantised model, its ``source`` the trained one.
        accuracy: of the trained float model on the test windows.
        boards: by id of the board.
    """

    model: Quantised
    accuracy: Metrics
    boards: Mapping[str, BoardRun]
    story: _work.Story

    @property
    def accepted(self) -> bool:
        """Whether all boards passed all gates."""
        return all(b.accepted for b in self.boards.values())

    def write(self) -> Path:
        """Write what `tinsmith run` hands over into the project's ``build`` folder.

        Returns:
            The report, a page of HTML.

        Raises:
            UserError: ``output.place``.
        """
        return self.story.write()

    def _title(self) -> str:
        return f"{self.model.name}: {'accepted' if self.accepted else 'NOT accepted'}"

    def _rows(self) -> Iterable[Row]:
        yield "float", percent_text(self.accuracy.accuracy.value), "test accuracy"
        for id, run in self.boards.items():
            instructions = run.measurement.quantities.get("instructions")
            yield (
                id,
                percent_text(run.accuracy.accuracy.value),
                "equal" if run.proof.equal else "NOT EQUAL",
                instructions.text if instructions else "",
            )


@dataclass(frozen=True, repr=False, eq=False)
class Project(Shown):
    """A project: a folder with a ``project.toml``. Its steps keep their results in the folder, so
    what was done once is not done again.

    Args:
        path: the folder.
        cache: folder of what compilers make; the user's if None.
        listener: hears of each step (`tinsmith.core.progress.Listener`).

    Raises:
        UserError: ``project.missing``, ``toml.*`` (names file and key).

    Example:
        >>> project = ts.Project("examples/wrist-motion")
        >>> print(project.run().boards["rpi_pico"].measurement)
    """

    path: str | os.PathLike[str]
    cache: str | os.PathLike[str] | None = None
    listener: Listener | None = None

    def __post_init__(self) -> None:
        _ = self._settings  # a folder that is no project is told at once

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return Path(self.path)

    @property
    def name(self) -> str:
        """What project.toml calls it; the prefix of the C functions."""
        return self._settings.name

    @cached_property
    def model(self) -> Quantised:
        """The trained and quantised model: trains where that was not done before.

        Raises:
            UserError: recordings are missing or wrong, by file and line.
        """
        return _quantised(_work.model_of(self._steps()), self.name)

    def run(self) -> ProjectRun:
        """The whole story: train, quantise, compile, measure and prove for each board.

        Raises:
            UserError: what any step refuses. A board that does not pass its gates is no error:
                see ``accepted``.

        Example:
            >>> run = ts.Project("gestures").run()
            >>> run.boards["nucleo_l4r5zi"].compiled.package("arduino", "build")
        """
        shop, story = self._shop, _work.ran(self._steps())
        found = story.result.model
        model = _quantised(found, self.name)
        boards = {b.board.id: _board_run(b, model, story, shop) for b in story.result.boards}
        return ProjectRun(model, found.float_accuracy, boards, story)

    def _steps(self) -> _work.Steps:
        return _work.steps_of(self.folder, self._shop, self.listener)

    @cached_property
    def _shop(self) -> _work.Workshop:
        return _work.workshop(None if self.cache is None else Path(self.cache))

    @cached_property
    def _settings(self) -> Settings:
        return _work.settings(self.folder)

    def _title(self) -> str:
        return str(self._settings)

    def _rows(self) -> Iterable[Row]:
        yield "folder", str(self.folder)


def _quantised(found: Trained, name: str) -> Quantised:
    source = Model(found.graph, f"project {name}")
    cases, losses = _work.calibration_cases(found), _work.losses_of(found)
    return Quantised(found.compressed.graph, source.origin, source, cases, losses)


def _board_run(
    result: BoardResult, model: Model, story: _work.Story, shop: _work.Workshop
) -> BoardRun:
    firmware, board = result.firmware, result.board
    compiled = Compiled(model, firmware, story.target(board), story.choices(board), shop)
    measured = Measurement.of(result.figures)
    proof = Proof(firmware.module.name, board.id, result.proof.verdicts)
    return BoardRun(compiled, measured, proof, result.measured.accuracy, result.gates)
