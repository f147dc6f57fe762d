"""Block: a signal-processing step, its parameters, and how it lowers to IR ops."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tinsmith.core.catalogue import Catalogue
from tinsmith.core.errors import UserError, did_you_mean
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
        shape: where the features are a signal again, in row-major order: its (samples, channels),
            for families that run along it; None: they are one row.
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
    shape: Callable[[Signal, Mapping[str, Attr]], tuple[int, int]] | None = None

    def complete(self, given: Mapping[str, Attr]) -> dict[str, Attr]:
        """Given parameters with defaults filled in.

        Raises:
            UserError: an unknown parameter, or a value outside its choices or range.
        """
        return complete_params(f"Block {self.name!r}", self.params, given)


def complete_params(
    owner: str, params: Sequence[Param], given: Mapping[str, Attr]
) -> dict[str, Attr]:
    """Given values checked, defaults filled in; ``owner`` names the kind in errors.

    Raises:
        UserError: ``dsp.param.unknown`` or ``dsp.param.value``.
    """
    known = {p.name: p for p in params}
    for name, value in given.items():
        if name not in known:
            raise UserError(
                "dsp.param.unknown",
                f"{owner} has no parameter {name!r}.{did_you_mean(name, known)}",
                f"Known: {', '.join(known) or 'none'}.",
            )
        if not _allowed(known[name], value):
            raise UserError(
                "dsp.param.value",
                f"{owner}: {name} is {value!r}; allowed is {describe(known[name])}.",
            )
    return {p.name: _like(p.default, given.get(p.name, p.default)) for p in params}


def describe(param: Param) -> str:
    """Allowed values of a parameter, for people: ``one of 'hann', 'rect'``, ``int, 1 to 64``."""
    if param.choices:
        return f"one of {', '.join(map(repr, param.choices))}"
    kind = type(param.default).__name__
    if isinstance(param.default, tuple):
        kind = f"a list of {type(param.default[0]).__name__}" if param.default else "a list of int"
    low = "" if param.low is None else f"from {param.low:g}"
    high = "" if param.high is None else f"to {param.high:g}"
    limits = " ".join(part for part in (low, high) if part)
    return f"{kind}, {limits}" if limits else kind


def _allowed(param: Param, value: Attr) -> bool:
    if param.choices:
        return any(value == c and type(value) is type(c) for c in param.choices)
    if isinstance(param.default, tuple):
        kind = type(param.default[0]) if param.default else int
        return isinstance(value, tuple) and all(_fits(param, kind, v) for v in value)
    return not isinstance(value, tuple) and _fits(param, type(param.default), value)


def _fits(param: Param, kind: type, value: Attr) -> bool:
    """A whole number will do where a float is wanted; nothing else is converted."""
    right = type(value) is kind or (kind is float and type(value) is int)
    if not right or isinstance(value, bool | str | tuple):
        return right
    above = param.low is None or value >= param.low
    return above and (param.high is None or value <= param.high)


def _like(default: Attr, value: Attr) -> Attr:
    return float(value) if isinstance(default, float) and isinstance(value, int) else value


BLOCKS: Catalogue[Block] = Catalogue("block", "tinsmith.dsp.blocks", Block)
