"""What a run makes: for the project once, and for each board."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tinsmith.bench.outcome import Outcome
from tinsmith.build.firmware import Firmware
from tinsmith.compress.method import Compressed
from tinsmith.core.errors import UserError
from tinsmith.data.dataset import Dataset
from tinsmith.data.windows import Windows
from tinsmith.devices.board import Board
from tinsmith.flow.figures import Figures
from tinsmith.flow.gates import Gate
from tinsmith.ir.graph import Graph
from tinsmith.learn.metrics import Metrics
from tinsmith.learn.trained import Trained
from tinsmith.prove.trace import Verdict


@dataclass(frozen=True)
class Model:
    """The trained and compressed model with its accuracy on the test part before and after
    compression. ``features``: of all windows, [n, features] float32."""

    dataset: Dataset
    windows: Windows
    features: np.ndarray
    trained: Trained
    graph: Graph
    compressed: Compressed
    float_accuracy: Metrics
    compressed_accuracy: Metrics


@dataclass(frozen=True)
class StageRow:
    """One line of a proof: what there is in one stage, and whether what was seen of it was equal,
    by origin; None where nothing of it was seen."""

    stage: str
    values: int
    elements: int
    dtypes: tuple[str, ...]
    equal: tuple[bool | None, ...]


@dataclass(frozen=True)
class Proof:
    """Reference, host C and the board's firmware on the golden windows, stage by stage."""

    cases: int
    verdicts: tuple[Verdict, ...]
    stages: tuple[StageRow, ...]

    @property
    def equal(self) -> bool:
        """Whether every execution agreed with the reference."""
        return all(v.equal for v in self.verdicts)


def check_equal(verdicts: Iterable[Verdict]) -> None:
    """Raises UserError ``prove.diverges`` where any execution left its reference."""
    wrong = " ".join(str(v) for v in verdicts if not v.equal)
    if wrong:
        raise UserError("prove.diverges", wrong, "Do not ship this firmware.")


@dataclass(frozen=True)
class Scored:
    """The firmware ran on labelled cases, on ``of`` or as many as emulate in seconds: what the
    runner saw, the accuracy of the firmware's answers, and that of the float graph on the very same
    cases."""

    outcome: Outcome
    of: int
    accuracy: Metrics
    float_accuracy: Metrics


@dataclass(frozen=True)
class BoardResult:
    """Everything that one board got."""

    board: Board
    firmware: Firmware
    measured: Scored
    figures: Figures
    proof: Proof
    gates: tuple[Gate, ...]

    @property
    def accepted(self) -> bool:
        """Whether all gates were passed."""
        return all(g.passed for g in self.gates)


@dataclass(frozen=True)
class Result:
    """The outcome of a run."""

    model: Model
    boards: tuple[BoardResult, ...]

    @property
    def accepted(self) -> bool:
        """Whether all boards passed all gates."""
        return all(b.accepted for b in self.boards)
