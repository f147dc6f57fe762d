"""Random TensorFlow Lite models of one operator, for comparisons with LiteRT: what to draw for each
operator and type. Shapes are small, values spread over their type, scales near those that make
results spread too."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tflites import File, Operator, Tensor

from tinsmith.importers.tflite.operators import NAMES

LIMITS = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767)}
QUANTISED = tuple(LIMITS)
VERSIONS = {"BROADCAST_TO": 2}
"""Versions of operators that LiteRT does not know as 1."""
Options = dict[int, tuple[str, Any]]


@dataclass
class Draw:
    """One operator: types of its operands and results are those of `Tensor`. ``lift``: above 0,
    floats are made larger than that."""

    kind: str
    operands: list[Tensor]
    results: list[Tensor]
    type: int = 0
    options: Options = field(default_factory=dict)
    lift: float = 0.0

    def file(self) -> File:
        """The model; operands without data are its inputs."""
        tensors = [*self.operands, *self.results]
        inputs = [i for i, t in enumerate(self.operands) if t.data is None]
        outputs = list(range(len(self.operands), len(tensors)))
        operator = Operator(
            NAMES.index(self.kind), range(len(self.operands)), outputs, self.type,
            self.options if self.type else None, version=VERSIONS.get(self.kind, 1),
        )  # fmt: skip
        return File(tensors, [operator], inputs, outputs)


Drawer = Callable[[np.random.Generator, str], Draw]


def scale(rng: np.random.Generator, dtype: str, wide: float = 4.0) -> dict[str, Any]:
    """Scale and zero point so that the type spans about +-wide; nothing for plain types."""
    if dtype not in LIMITS:
        return {}
    low, high = LIMITS[dtype]
    zero = 0 if dtype == "int16" else int(rng.integers(low, high + 1))
    if rng.integers(4) == 0 and dtype != "int16":
        zero = int(rng.choice([low, high]))
    step = float(np.float32(wide * rng.uniform(0.3, 2) / (high - low) * 2))
    return {"scale": (step,), "zero": (zero,)}


def tensor(name: str, shape: Sequence[int], dtype: str, quant: dict[str, Any]) -> Tensor:
    return Tensor(name, tuple(shape), dtype, **quant)


def shape(rng: np.random.Generator, rank: int | None = None, most: int = 5) -> tuple[int, ...]:
    rank = int(rng.integers(1, 5)) if rank is None else rank
    return tuple(int(d) for d in rng.integers(1, most + 1, rank))


def numbers(rng: np.random.Generator, t: Tensor, cases: int = 3) -> np.ndarray:
    """Input [case, *shape] of a tensor's type."""
    size = (cases, *t.shape)
    if t.type == "float32":
        return (rng.normal(size=size) * rng.choice([0.5, 3.0])).astype("f4")
    if t.type == "bool":
        return rng.integers(0, 2, size).astype(bool)
    if t.type in LIMITS:
        low, high = LIMITS[t.type]
        return rng.integers(low, high + 1, size).astype(t.type)
    return rng.integers(-50, 51, size).astype(t.type)


def ints(name: str, values: Any, dtype: str = "int32") -> Tensor:
    array = np.asarray(values, dtype)
    return Tensor(name, array.shape, dtype, data=array)


def same(kind: str, type: int = 0, wide: float | None = None, **more: Any) -> Drawer:
    """One operand, a result of its shape; the result's scale is its own."""

    def draw(rng: np.random.Generator, dtype: str) -> Draw:
        s = shape(rng)
        x = tensor("x", s, dtype, scale(rng, dtype))
        out = scale(rng, dtype, wide or 4.0)
        return Draw(kind, [x], [tensor("y", s, dtype, out)], type, more.get("options", {}))

    return draw


def fixed(kind: str, step: float, zeros: dict[str, int], type: int = 0) -> Drawer:
    """A result whose scale the operator demands."""

    def draw(rng: np.random.Generator, dtype: str) -> Draw:
        s = shape(rng)
        x = tensor("x", s, dtype, scale(rng, dtype, 6.0))
        out = {"scale": (step if dtype != "int16" else 2.0**-15,), "zero": (zeros.get(dtype, 0),)}
        y = tensor("y", s, dtype, out if dtype in LIMITS else {})
        return Draw(kind, [x], [y], type)

    return draw


def pair(kind: str, type: int, activation: bool = False, result: str = "") -> Drawer:
    """Two operands that broadcast."""

    def draw(rng: np.random.Generator, dtype: str) -> Draw:
        s = shape(rng)
        other = tuple(d if rng.integers(3) else 1 for d in s)[int(rng.integers(len(s))) :]
        if rng.integers(2):
            other = s
        x = tensor("x", s, dtype, scale(rng, dtype))
        b = tensor("b", other, dtype, scale(rng, dtype))
        y = tensor("y", s, result or dtype, scale(rng, result or dtype, 6.0))
        options: Options = {0: ("b", int(rng.choice([0, 1, 3])))} if activation else {}
        if dtype not in (*LIMITS, "float32"):
            options = {}
        return Draw(kind, [x, b], [y], type, options)

    return draw


def moved(kind: str, type: int, make: Callable[..., tuple[Any, ...]]) -> Drawer:
    """x of one scale, constants, results of the same scale. ``make`` gives (shape of x, other
    operands, shapes of results, options)."""

    def draw(rng: np.random.Generator, dtype: str) -> Draw:
        s, others, results, options = make(rng)
        quant = scale(rng, dtype)
        x = tensor("x", s, dtype, quant)
        ys = [tensor(f"y{i}", r, dtype, quant) for i, r in enumerate(results)]
        operands = [x if o is None else o for o in others]
        return Draw(kind, operands, ys, type, options)

    return draw
