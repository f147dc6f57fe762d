"""Measurement: the figures of a model on a board, each with how it came about."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from tinsmith.bench.cycles_of import cycles_of_all, latency
from tinsmith.bench.outcome import Outcome, least, most
from tinsmith.build.firmware import Firmware
from tinsmith.core.errors import UserError
from tinsmith.core.quantity import Emulated, Estimated, Measured, Planned, Quantity, plus
from tinsmith.devices.board import Board
from tinsmith.facade.shown import Row, Shown

Q = TypeVar("Q", bound=Quantity)
Counted = Measured | Emulated


@dataclass(frozen=True, repr=False)
class Measurement(Shown):
    """Figures of one model on one board. A figure has ``value``, ``unit``, ``method`` and
    ``source``. What the board or its runner does not show (``host`` shows no more than arena and
    state) is not in ``quantities``, and asking for it raises UserError ``measure.figure``.

    Args:
        model: name of the compiled model.
        board: id of the board.
        cases: how many cases ran.
        quantities: the figures that there are, by name.
    """

    model: str
    board: str
    cases: int
    quantities: Mapping[str, Quantity]

    @property
    def instructions(self) -> Counted:
        """Of one inference, the most of any case."""
        return self._counted("instructions")

    @property
    def instructions_least(self) -> Counted:
        """Of one inference, the fewest of any case."""
        return self._counted("instructions_least")

    @property
    def cycles(self) -> Estimated:
        """Of one inference: a range, where a cycle model is calibrated for the board."""
        return self._figure("cycles", Estimated)

    @property
    def latency(self) -> Estimated:
        """Of one inference in ms: a range, where a cycle model is calibrated for the board."""
        return self._figure("latency", Estimated)

    @property
    def flash(self) -> Emulated:
        """Everything that the image stores in flash, in B."""
        return self._figure("flash", Emulated)

    @property
    def weights(self) -> Emulated:
        """The part of flash that holds weights, in B."""
        return self._figure("weights", Emulated)

    @property
    def code(self) -> Emulated:
        """The rest of flash, in B."""
        return self._figure("code", Emulated)

    @property
    def ram(self) -> Counted:
        """Static RAM with the deepest stack that was seen, in B."""
        return self._counted("ram")

    @property
    def ram_static(self) -> Emulated:
        """RAM that is there from the start, in B; arena and state lie in it."""
        return self._figure("ram_static", Emulated)

    @property
    def stack(self) -> Counted:
        """The deepest stack that was seen, in B."""
        return self._counted("stack")

    @property
    def arena(self) -> Planned:
        """Memory that one inference works in, in B."""
        return self._figure("arena", Planned)

    @property
    def state(self) -> Planned:
        """Memory that is kept between inferences, in B."""
        return self._figure("state", Planned)

    def _counted(self, name: str) -> Counted:
        found = self.quantities.get(name)
        return found if isinstance(found, Measured) else self._figure(name, Emulated)

    def _figure(self, name: str, kind: type[Q]) -> Q:
        found = self.quantities.get(name)
        if not isinstance(found, kind):
            raise UserError(
                "measure.figure",
                f"Board {self.board!r} shows no {name.replace('_', ' ')}.",
                f"There are: {', '.join(self.quantities)}.",
            )
        return found

    def _title(self) -> str:
        return f"{self.model} on {self.board}, {self.cases} case{'s' * (self.cases != 1)}"

    def _rows(self) -> Iterable[Row]:
        for name, quantity in self.quantities.items():
            if name == "instructions_least" and quantity == self.instructions:
                continue
            source = quantity.source.split(";")[0]  # what follows cites where a factor comes from
            yield name.replace("_", " "), quantity.text, f"{quantity.method}, {source}"


def measurement(firmware: Firmware, outcome: Outcome, board: Board) -> Measurement:
    """The figures of a run."""
    size, stack, counts = firmware.size, outcome.stack, outcome.instructions
    named = {
        "instructions": most(counts) if counts else None,
        "instructions_least": least(counts) if counts else None,
        "cycles": cycles_of_all(outcome), "latency": latency(outcome, board),
        "flash": size.flash if size else None, "weights": size.weights if size else None,
        "code": size.code if size else None,
        "ram": plus(size.ram_static, stack) if size and stack else None,
        "ram_static": size.ram_static if size else None, "stack": stack,
        "arena": firmware.arena, "state": firmware.state,
    }  # fmt: skip
    cases = len(next(iter(outcome.outputs.values())))
    found = {name: quantity for name, quantity in named.items() if quantity is not None}
    return Measurement(firmware.module.name, board.id, cases, found)
