"""Numbers with a method: measured on hardware, emulated, or estimated. One cannot be stored as
another."""

from dataclasses import dataclass


@dataclass(frozen=True)
class _Quantity:
    """A number, its unit, the board it belongs to, how it came about and from how many samples."""

    value: float
    unit: str
    board: str
    source: str
    """The tool that produced it, e.g. ``unicorn 2.1.4``."""
    samples: int = 1


@dataclass(frozen=True)
class Measured(_Quantity):
    """Real hardware said so."""

    method = "measured"


@dataclass(frozen=True)
class Emulated(_Quantity):
    """The linked firmware ran in an emulator of the board's core and memories (not of its
    peripherals)."""

    method = "emulated"


@dataclass(frozen=True)
class Estimated(_Quantity):
    """A model said so; the truth is expected within ``low`` .. ``high``."""

    low: float = 0.0
    high: float = 0.0
    method = "estimated"

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise ValueError(
                f"an estimate needs low <= value <= high, got {self.low}, {self.value}, {self.high}"
            )


Quantity = Measured | Emulated | Estimated
