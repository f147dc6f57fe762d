"""Measurement: the figures of a model on a board, each with how it came about."""

from collections.abc import Iterable
from dataclasses import dataclass

from tinsmith.facade.shown import Row, Shown
from tinsmith.flow.figures import Figures


@dataclass(frozen=True, repr=False)
class Measurement(Shown, Figures):
    """Figures of one model on one board. A figure has ``value``, ``unit``, ``method`` and
    ``source``. What the board or its runner does not show (``host`` shows no more than arena and
    state) is not in ``quantities``, and asking for it raises UserError ``measure.figure``."""

    @classmethod
    def of(cls, found: Figures) -> "Measurement":
        """Figures that print themselves."""
        return cls(found.model, found.board, found.cases, found.quantities)

    def _title(self) -> str:
        return f"{self.model} on {self.board}, {self.cases} case{'s' * (self.cases != 1)}"

    def _rows(self) -> Iterable[Row]:
        for name, quantity in self.quantities.items():
            if name == "instructions_least" and quantity == self.instructions:
                continue
            source = quantity.source.split(";")[0]  # what follows cites where a factor comes from
            yield name.replace("_", " "), quantity.text, f"{quantity.method}, {source}"
