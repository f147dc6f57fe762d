"""Numbers with an origin: measured on hardware, emulated, estimated or planned. One cannot be
stored as another."""

from dataclasses import dataclass

from tinsmith.core.units import figure_text


@dataclass(frozen=True)
class _Quantity:
    """A number, its unit, the board it belongs to, how it came about and from how many samples."""

    value: int | float
    unit: str
    board: str
    source: str
    """The tool that produced it, e.g. ``unicorn 2.1.4``."""
    samples: int = 1
    method: str = ""
    """How it came about; where nothing more exact is said, what its class is called."""

    @property
    def whole(self) -> int:
        """The value of a count: bytes, instructions.

        Raises:
            ValueError: it is not whole.
        """
        if self.value != int(self.value):
            raise ValueError(f"{self.value} {self.unit} is not a whole number")
        return int(self.value)

    @property
    def text(self) -> str:
        """Value and unit, for people: ``109 576 instructions``."""
        return f"{figure_text(self.value)} {self.unit}"

    def __str__(self) -> str:
        return f"{self.text} ({self.method}, {self.source})"


@dataclass(frozen=True)
class Measured(_Quantity):
    """Real hardware said so."""

    method: str = "measured"


@dataclass(frozen=True)
class Emulated(_Quantity):
    """The linked firmware says so: what is in the image, and what it did in an emulator of the
    board's core and memories (not of its peripherals)."""

    method: str = "emulated"


@dataclass(frozen=True)
class Planned(_Quantity):
    """The memory planner or a formula decided so, before anything was linked or run."""

    method: str = "planned"


@dataclass(frozen=True)
class Estimated(_Quantity):
    """A model said so; the truth is expected within ``low`` .. ``high``."""

    method: str = "estimated"
    low: int | float = 0.0
    high: int | float = 0.0

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise ValueError(
                f"an estimate needs low <= value <= high, got {self.low}, {self.value}, {self.high}"
            )

    @property
    def text(self) -> str:
        """The range and its unit: ``1.3 to 1.8 ms``."""
        low, high = figure_text(self.low), figure_text(self.high)
        return f"{low} to {high} {self.unit}" if low != high else f"{low} {self.unit}"


Quantity = Measured | Emulated | Estimated | Planned
Counted = Measured | Emulated
"""What a runner can say."""


def plus(a: Counted, b: Counted) -> Counted:
    """The sum of two figures of one board: measured only where both are.

    Raises:
        ValueError: they are of two boards, or have two units.
    """
    if (a.board, a.unit) != (b.board, b.unit):
        raise ValueError(f"{a} of {a.board} and {b} of {b.board} have no sum")
    kind = Measured if isinstance(a, Measured) and isinstance(b, Measured) else Emulated
    source, method = (" + ".join(dict.fromkeys(t)) for t in ((a.source, b.source),
                                                             (a.method, b.method)))  # fmt: skip
    return kind(a.value + b.value, a.unit, a.board, source, max(a.samples, b.samples), method)
