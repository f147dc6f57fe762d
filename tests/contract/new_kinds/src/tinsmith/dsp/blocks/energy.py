"""Mean of squares of each channel."""

from collections.abc import Mapping

import numpy as np

from tinsmith.dsp.block import Block, BlockCase, Param, Signal
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr


def lower(b: Builder, x: str, signal: Signal, params: Mapping[str, Attr]) -> str:
    """[samples, channels] -> [channels]."""
    gain = b.constant("gain", np.array(params["gain"], np.float32))
    squares = b.op("mul", x, x, name="squares")
    return b.op("mul", b.op("reduce_mean", squares, axis=0, name="energy"), gain, name="scaled")


def names(signal: Signal, params: Mapping[str, Attr]) -> tuple[str, ...]:
    """``energy <channel>``."""
    return tuple(f"energy {c}" for c in signal.channels)


def oracle(x: np.ndarray, signal: Signal, params: Mapping[str, Attr]) -> np.ndarray:
    """Float64."""
    return np.asarray((x.astype(np.float64) ** 2).mean(0) * float(str(params["gain"])))


BLOCK = Block(
    name="energy",
    params=(Param("gain", 1.0, "factor of the result", low=0.1, high=10.0),),
    lower=lower,
    names=names,
    oracle=oracle,
    cases={
        "ramp": BlockCase(
            Signal(8, ("x", "y"), 10.0), np.linspace(-1, 1, 16, dtype=np.float32).reshape(8, 2)
        )
    },
)
