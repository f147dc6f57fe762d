"""Proof: whether compiled C computes what the reference says, value by value."""

from collections.abc import Iterable
from dataclasses import dataclass

from tinsmith.facade import _work
from tinsmith.facade.shown import Row, Shown
from tinsmith.prove.trace import Divergence, Verdict


@dataclass(frozen=True, repr=False)
class Proof(Shown):
    """The reference in numpy against C on this computer and against the board's firmware.

    Args:
        model: name of the compiled model.
        board: id of the board.
        verdicts: one for each execution.
    """

    model: str
    board: str
    verdicts: tuple[Verdict, ...]

    @property
    def equal(self) -> bool:
        """Whether every execution agreed in every value, to the last bit."""
        return all(v.equal for v in self.verdicts)

    @property
    def divergence(self) -> Divergence | None:
        """The first value that differs and what explains it; None where all are equal."""
        return next((v.divergence for v in self.verdicts if v.divergence is not None), None)

    def check(self) -> "Proof":
        """Itself, where all is equal.

        Raises:
            UserError ``prove.diverges``: names the first value that differs.
        """
        _work.check_equal(self.verdicts)
        return self

    def _title(self) -> str:
        return f"{self.model} on {self.board}: {'equal' if self.equal else 'NOT EQUAL'}"

    def _rows(self) -> Iterable[Row]:
        for verdict in self.verdicts:
            yield verdict.origin, str(verdict)
