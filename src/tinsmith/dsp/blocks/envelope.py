"""Strength of each channel over time: rms or peak of one short interval after the other, the mean
of the window taken off before.

Points lie without overlap, the newest ends where the signal ends; older samples that fill no
interval are left out.
"""

from collections.abc import Mapping

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.dsp.block import Block, BlockCase, Param, Signal
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr

_POINTS = 32
"""Intervals of a window at most, where their duration is not given."""


def lower(b: Builder, x: str, signal: Signal, params: Mapping[str, Attr]) -> str:
    """[samples, channels] -> [points * channels], row-major."""
    length, channels = _length(signal, params), len(signal.channels)
    points = signal.samples // length
    mean = b.op("reduce_mean", x, axis=0, name="mean")
    centred = b.op("sub", x, mean, name="centred")
    if points * length < signal.samples:
        start, size = signal.samples - points * length, points * length
        centred = b.op("slice", centred, axis=0, start=start, size=size, name="newest")
    parts = b.op("reshape", centred, shape=(points, length, channels), name="intervals")
    if params["kind"] == "peak":
        y = b.op("reduce_max", b.op("abs", parts, name="size"), axis=1, name="peak")
    else:
        power = b.op("reduce_mean", b.op("mul", parts, parts, name="square"), axis=1, name="power")
        y = b.op("sqrt", power, name="rms")
    return b.op("reshape", y, shape=(points * channels,), name="envelope")


def _length(signal: Signal, params: Mapping[str, Attr]) -> int:
    """Samples of an interval.

    Raises:
        UserError: the signal is shorter.
    """
    interval_ms = float(params["interval_ms"])  # type: ignore[arg-type]
    if not interval_ms:
        return -(-signal.samples // _POINTS)
    length = max(1, round(interval_ms * signal.rate_hz / 1e3))
    if length > signal.samples:
        raise UserError(
            "dsp.param.value",
            f"Block 'envelope': intervals of {length} samples, the signal has {signal.samples}.",
            f"Give interval_ms of at most {signal.samples / signal.rate_hz * 1e3:.6g}.",
        )
    return length


def names(signal: Signal, params: Mapping[str, Attr]) -> tuple[str, ...]:
    """``<channel> <kind> @<begin of the interval> s``."""
    length = _length(signal, params)
    starts = range(signal.samples % length, signal.samples, length)
    return tuple(
        f"{c} {params['kind']} @{t / signal.rate_hz:.6g} s" for t in starts for c in signal.channels
    )


def shape(signal: Signal, params: Mapping[str, Attr]) -> tuple[int, int]:
    """(points, channels)."""
    return signal.samples // _length(signal, params), len(signal.channels)


def oracle(x: np.ndarray, signal: Signal, params: Mapping[str, Attr]) -> np.ndarray:
    """The textbook formulas in float64, interval by interval."""
    centred, length = x.astype(np.float64) - x.mean(0, dtype=np.float64), _length(signal, params)
    parts = np.array_split(centred[len(x) % length :], len(x) // length)
    if params["kind"] == "peak":
        return np.concatenate([np.abs(p).max(0) for p in parts])
    return np.concatenate([np.sqrt((p * p).mean(0)) for p in parts])


def alternatives(signal: Signal, params: Mapping[str, Attr]) -> tuple[Mapping[str, Attr], ...]:
    """Peak for rms."""
    return ({**params, "kind": "peak" if params["kind"] == "rms" else "rms"},)


def _case(samples: int, channels: int, **params: Attr) -> BlockCase:
    rng = np.random.default_rng([samples, channels])
    signal = Signal(samples, tuple(f"c{i}" for i in range(channels)), 100.0)
    swelling = np.abs(np.sin(np.arange(samples) / 17))[:, None] + 0.1
    values = rng.normal(size=(samples, channels)) * swelling + 0.5
    return BlockCase(signal, values.astype(np.float32), params)


CASES = {
    "defaults": _case(100, 2),
    "peak": _case(100, 2, kind="peak"),
    "whole_intervals": _case(60, 1, interval_ms=100.0),
    "rest": _case(67, 3, interval_ms=150),
    "one_interval": _case(30, 2, interval_ms=300.0),
    "every_sample": _case(9, 1, interval_ms=10.0),
    "short": _case(5, 1),
}

BLOCK = Block(
    name="envelope",
    params=(
        Param(
            "interval_ms",
            0.0,
            "duration of an interval in ms; 0: the shortest that makes 32 points or fewer",
            low=0,
            high=1e6,
        ),
        Param("kind", "rms", "what a point holds", choices=("rms", "peak")),
    ),
    lower=lower,
    names=names,
    oracle=oracle,
    shape=shape,
    cases=CASES,
    alternatives=alternatives,
)
