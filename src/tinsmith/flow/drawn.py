"""Inputs for models whose user gave none: the same ones every time."""

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import TensorType

SEED = 12345
CASES = 4


def default_inputs(graph: Graph) -> dict[str, np.ndarray]:
    """One case for every input, from the bytes of `lcg_bytes`, which run on through all inputs.

    int8 and uint8 take a byte each, int16 two (low byte first), float32 int8(byte) / 128, bool the
    lowest bit of a byte.

    Raises:
        UserError ``model.inputs.default``: an input of another type.
    """
    at, found = SEED, {}
    for name in graph.inputs:
        found[name], at = _from_bytes(name, graph.type(name), at)
    return found


def lcg_bytes(count: int, state: int = SEED) -> tuple[np.ndarray, int]:
    """``count`` bytes and the state behind them: x = x * 1664525 + 1013904223 modulo 2^32 (Press et
    al., Numerical Recipes, section 7.1), of each x the upper eight bits."""
    found = bytearray(count)
    for i in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        found[i] = state >> 24
    return np.frombuffer(bytes(found), np.uint8), state


def _from_bytes(name: str, type: TensorType, state: int) -> tuple[np.ndarray, int]:
    if type.dtype not in ("int8", "uint8", "int16", "float32", "bool"):
        raise UserError(
            "model.inputs.default",
            f"Input {name!r} is {type}; there are no default values for {type.dtype}.",
            "Pass values of your own (--inputs X.npz).",
        )
    data, state = lcg_bytes(type.elements * (2 if type.dtype == "int16" else 1), state)
    if type.dtype == "float32":
        values = data.view(np.int8).astype(np.float32) / np.float32(128)
    elif type.dtype == "bool":
        values = (data & 1).astype(np.bool_)
    else:
        values = data.view(np.dtype(type.dtype).newbyteorder("<")).astype(type.dtype)
    return values.reshape(1, *type.shape), state


def seeded_inputs(graph: Graph, seed: int = SEED, cases: int = CASES) -> dict[str, np.ndarray]:
    """Inputs for a model of which nothing is known but its types: floats with mean 0 and variance
    1, small integers anywhere in their range, int32 and int64 0 or 1 (they may be indices)."""
    rng = np.random.default_rng(seed)
    return {name: _drawn(graph.type(name), rng, cases) for name in graph.inputs}


def _drawn(type: TensorType, rng: np.random.Generator, cases: int) -> np.ndarray:
    shape = (cases, *type.shape)
    if type.dtype == "float32":
        return rng.standard_normal(shape).astype(np.float32)
    if type.dtype in ("int32", "int64", "bool"):
        return rng.integers(0, 2, shape).astype(type.dtype)
    info = np.iinfo(type.dtype)
    return rng.integers(info.min, info.max + 1, shape).astype(type.dtype)
