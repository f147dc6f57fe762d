"""The samples themselves, channel after channel for each instant: for short windows and images."""

from collections.abc import Mapping

import numpy as np

from tinsmith.dsp.block import Block, BlockCase, Signal
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr


def lower(b: Builder, x: str, signal: Signal, params: Mapping[str, Attr]) -> str:
    """[samples, channels] -> [samples * channels], row-major."""
    return b.op("reshape", x, shape=(signal.samples * len(signal.channels),), name="samples")


def names(signal: Signal, params: Mapping[str, Attr]) -> tuple[str, ...]:
    """``<channel>[<sample>]`` in row-major order."""
    return tuple(f"{c}[{i}]" for i in range(signal.samples) for c in signal.channels)


def oracle(x: np.ndarray, signal: Signal, params: Mapping[str, Attr]) -> np.ndarray:
    """Row-major copy."""
    return x.astype(np.float64).reshape(-1)


def shape(signal: Signal, params: Mapping[str, Attr]) -> tuple[int, int]:
    """That of the signal."""
    return signal.samples, len(signal.channels)


def _case(samples: int, channels: int) -> BlockCase:
    rng = np.random.default_rng([samples, channels])
    signal = Signal(samples, tuple("xyz"[:channels]), 10.0)
    return BlockCase(signal, rng.normal(size=(samples, channels)).astype(np.float32))


BLOCK = Block(
    name="flatten",
    params=(),
    lower=lower,
    names=names,
    oracle=oracle,
    shape=shape,
    cases={"one_channel": _case(8, 1), "three_channels": _case(5, 3)},
)
