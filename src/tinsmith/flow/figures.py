"""The figures of one firmware on one board, each with its origin. Records, pages and objects of the
facade are made of these."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from tinsmith.bench.cycles_of import cycles_of_all, latency
from tinsmith.bench.outcome import Outcome, least, most
from tinsmith.build.firmware import Firmware
from tinsmith.core.errors import UserError
from tinsmith.core.quantity import (
    Counted,
    Emulated,
    Estimated,
    Measured,
    Planned,
    Quantity,
    plus,
)
from tinsmith.devices.board import Board

Q = TypeVar("Q", bound=Quantity)
_ORDER = ("instructions", "instructions_least", "cycles", "latency", "flash", "weights", "code",
          "ram", "ram_static", "stack", "stack_bound", "arena", "state")  # fmt: skip


@dataclass(frozen=True)
class Figures:
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
    def stack_bound(self) -> Planned:
        """The deepest stack that the linked code can need, interrupts apart, in B."""
        return self._figure("stack_bound", Planned)

    @property
    def arena(self) -> Planned:
        """Memory that one inference works in, in B."""
        return self._figure("arena", Planned)

    @property
    def state(self) -> Planned:
        """Memory that is kept between inferences, in B."""
        return self._figure("state", Planned)

    def find(self, name: str, kind: type[Q]) -> Q | None:
        """A figure of a kind, where there is one."""
        found = self.quantities.get(name)
        return found if isinstance(found, kind) else None

    def _counted(self, name: str) -> Counted:
        return self.find(name, Measured) or self._figure(name, Emulated)

    def _figure(self, name: str, kind: type[Q]) -> Q:
        found = self.find(name, kind)
        if found is None:
            raise UserError(
                "measure.figure",
                f"Board {self.board!r} shows no {name.replace('_', ' ')}.",
                f"There are: {', '.join(self.quantities)}.",
            )
        return found


def figures(firmware: Firmware, outcome: Outcome, board: Board) -> Figures:
    """All figures of a firmware that ran."""
    size, stack, counts = firmware.size, outcome.stack, outcome.instructions
    seen = {
        "instructions": most(counts) if counts else None,
        "instructions_least": least(counts) if counts else None,
        "cycles": cycles_of_all(outcome), "latency": latency(outcome, board), "stack": stack,
        "ram": plus(size.ram_static, stack) if size and stack else None,
    }  # fmt: skip
    known = {n: q for n, q in {**seen, **image_quantities(firmware)}.items() if q is not None}
    cases = len(next(iter(outcome.outputs.values())))
    ordered = {name: known[name] for name in _ORDER if name in known}
    return Figures(firmware.module.name, board.id, cases, ordered)


def image_quantities(firmware: Firmware) -> dict[str, Quantity]:
    """What is known before anything runs: what is read from the linked image, and what is
    planned."""
    size = firmware.size
    linked: dict[str, Quantity] = {}
    if size is not None:
        linked = {"flash": size.flash, "weights": size.weights, "code": size.code,
                  "ram_static": size.ram_static}  # fmt: skip
    if firmware.stack is not None and firmware.stack.image is not None:
        linked["stack_bound"] = firmware.stack.image
    return {**linked, "arena": firmware.arena, "state": firmware.state}
