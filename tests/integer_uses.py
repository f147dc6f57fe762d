"""Random uses of int8 operations without weights, at the limits of several kernel sets."""

import numpy as np

from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr
from tinsmith.ir.types import Quant, TensorType


def pool_window(rng: np.random.Generator) -> tuple[str, tuple[int, int], dict[str, Attr]]:
    """A pooling, height and width of what it is over, attributes: windows up to everything, with
    borders, halves both ways, bounds."""
    op = str(rng.choice(np.array(["avg_pool2d", "max_pool2d"])))
    height, width = (int(n) for n in rng.integers(1, 9, 2))
    size = tuple(int(rng.integers(1, n + 1)) for n in (height, width))
    size = (height, width) if rng.integers(3) == 0 else size
    pads = tuple(int(rng.integers(0, n)) for n in (size[0], size[0], size[1], size[1]))
    pads = pads if rng.integers(2) else (0, 0, 0, 0)
    attrs: dict[str, Attr] = {"size": size, "padding": pads, "act_min": int(rng.choice([-128, -9]))}
    attrs |= {"stride": tuple(int(s) for s in rng.integers(1, 3, 2))}
    if op == "avg_pool2d":
        attrs["half_up"] = bool(rng.integers(2))
    return op, (height, width), attrs


def addition(b: Builder, rng: np.random.Generator, name: str) -> str:
    """Scales whose sums are often halves, and odd ones."""
    scales = rng.choice([0.05, 0.1, 0.025, 0.0317, 0.0771], 3)
    quants = [Quant((float(s),), (int(rng.integers(-128, 128)),)) for s in scales]
    shape = (1, int(rng.integers(1, 400)))
    x, y = (
        b.input(f"{name}_{k}", TensorType(shape, "int8", q))
        for k, q in zip("xy", quants, strict=False)
    )
    low = int(rng.choice([-128, -100]))
    return b.op("add", x, y, name=name, quant=quants[2], act_min=low, act_max=127)
