"""Block: a signal-processing step, its parameters, and how it lowers to IR ops."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from tinsmith.core.catalogue import Catalogue
from tinsmith.core.errors import UserError
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr


@dataclass(frozen=True)
class Param:
    """One parameter of a block, as forms and the reference show it."""

    name: str
    default: Attr
    doc: str
    choices: tuple[Attr, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Signal:
    """What a block is fed: [samples, channels] float32 in physical units."""

    samples: int
    channels: tuple[str, ...]
    rate_hz: float


@dataclass(frozen=True)
class BlockCase:
    """A test row: signal, values and parameters."""

    signal: Signal
    values: np.ndarray
    params: Mapping[str, Attr] = field(default_factory=dict)


@dataclass(frozen=True)
class Block:
    """A DSP block.

    Args:
        lower: appends ops that turn value ``x`` [samples, channels] float32 into a feature vector
            [features]; returns the name of that value.
        names: names of the features, one per element.
        oracle: the same features in float64 by numpy/scipy, [samples, channels] -> [features].
        alternatives: other parameter values that a faulty device may have used, tried in proofs to
            name the fault.
    """

    name: str
    params: tuple[Param, ...]
    lower: Callable[[Builder, str, Signal, Mapping[str, Attr]], str]
    names: Callable[[Signal, Mapping[str, Attr]], tuple[str, ...]]
    oracle: Callable[[np.ndarray, Signal, Mapping[str, Attr]], np.ndarray]
    cases: Mapping[str, BlockCase]
    alternatives: Callable[[Signal, Mapping[str, Attr]], tuple[Mapping[str, Attr], ...]] = (
        lambda s, p: ()
    )
    tolerance: float = 1e-5

    def complete(self, given: Mapping[str, Attr]) -> dict[str, Attr]:
        """Given parameters with defaults filled in.

        Raises:
            UserError: an unknown parameter, or a value outside its choices or range.
        """
        known = {p.name: p for p in self.params}
        for name, value in given.items():
            if name not in known:
                raise UserError(
                    "dsp.param.unknown",
                    f"Block {self.name!r} has no parameter {name!r}.",
                    f"Known: {', '.join(known) or 'none'}.",
                )
            _check(self.name, known[name], value)
        return {p.name: given.get(p.name, p.default) for p in self.params}


def _check(block: str, param: Param, value: Attr) -> None:
    wrong = bool(param.choices) and value not in param.choices
    if isinstance(value, int | float) and not isinstance(value, bool):
        wrong |= (param.low is not None and value < param.low) or (
            param.high is not None and value > param.high
        )
    elif not param.choices:
        wrong |= type(value) is not type(param.default)
    if wrong:
        allowed = (
            f"one of {param.choices}" if param.choices else f"between {param.low} and {param.high}"
        )
        raise UserError(
            "dsp.param.value", f"Block {block!r}: {param.name} is {value!r}; allowed is {allowed}."
        )


BLOCKS: Catalogue[Block] = Catalogue("block", "tinsmith.dsp.blocks", Block)
