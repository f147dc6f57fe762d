"""Families of uses that kernels are tried on: layers as tests of kernel sets draw them, and every
operation as random graphs have it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache, partial
from unittest.mock import patch
from zlib import crc32

import numpy as np
from float_uses import ODD, float_layer, wide_layer
from integer_uses import (
    NARROW,
    addition,
    any_size,
    function,
    movement,
    pooling,
    rectified_conv,
    rectified_dense,
    rectified_depthwise,
    small,
)
from rescaled_uses import product, sums, widened
from trials import NAME, Uses
from unions import prefixed

from tinsmith.codegen.compile import lower
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.op import OPS, Case
from tinsmith.ir.types import TensorType
from tinsmith.prove.bits import equal
from tinsmith.rewrite.fuse import taken_apart
from tinsmith.testing import uses
from tinsmith.testing.graphs import random_graph
from tinsmith.testing.tables import appended

CASES = 2
APART = 8
"""Of so many fused uses one is taken apart: its layer and what follows are tried by themselves."""


@dataclass
class Drawing:
    """Uses as they are drawn; ``inputs``: contents where a use says them."""

    rng: np.random.Generator
    b: Builder = field(default_factory=lambda: Builder(NAME, "quantised"))
    inputs: dict[str, np.ndarray] = field(default_factory=dict)


Maker = Callable[[Drawing, str], list[str]]
"""Appends a use under a name; says the results."""


def _layers(*draws: Callable[[Builder, np.random.Generator, str], str]) -> tuple[Maker, ...]:
    return tuple(partial(_layer, draw) for draw in draws)


def _layer(
    draw: Callable[[Builder, np.random.Generator, str], str], drawing: Drawing, name: str
) -> list[str]:
    return [draw(drawing.b, drawing.rng, name)]


def random_use(
    op: str, nodes: int | None, drawn: tuple[str, ...], drawing: Drawing, name: str
) -> list[str]:
    """A random graph that uses an operation."""
    made = random_graph(drawing.rng, nodes, op, CASES, drawn)
    graph = prefixed(made.graph, f"{name}_")
    bound = [drawing.b.input(i, graph.type(i)) for i in graph.inputs]
    drawing.inputs |= {f"{name}_{k}": v for k, v in made.inputs.items()}
    return list(drawing.b.inline(graph, *bound))


def fused(drawing: Drawing, name: str) -> list[str]:
    """A row of the table of fused uses, in its parts: on its own operands and on random ones."""
    rng, groups = drawing.rng, _fused_rows()
    rows = groups[int(rng.integers(len(groups)))]
    case = rows[int(rng.integers(len(rows)))]
    values = []
    for k, (array, type) in enumerate(zip(case.operands, case.types, strict=True)):
        label = f"{name}_{k}"
        if k in case.constant and np.isfinite(array).all():
            values.append(drawing.b.constant(label, array, type.quant))
        else:
            values.append(drawing.b.input(label, type))
            drawing.inputs[label] = content(rng, type)
            drawing.inputs[label][0] = array
    parts = case.attrs["parts"]
    assert isinstance(parts, tuple)
    return [appended(drawing.b, parts, values, name)]


LAYERS: Mapping[str, tuple[Maker, ...]] = {
    "conv": _layers(uses.FAMILIES["conv"], uses.FAMILIES["pointwise"], rectified_conv),
    "depthwise": _layers(
        uses.FAMILIES["depthwise"], small, rectified_depthwise, any_size, rectified_depthwise
    ),
    "dense": _layers(uses.FAMILIES["dense"], rectified_dense),
    "narrow": _layers(*NARROW),
    "pool": _layers(uses.FAMILIES["pool"], pooling),
    "add": _layers(uses.FAMILIES["add"], addition),
    "bytes": _layers(function),
    "movement": _layers(movement),
    "rescaled": _layers(sums, widened, product),
    "float": _layers(float_layer),
    "wide": _layers(wide_layer),
    "fused": (fused,),
}
"""Layers as tests of kernel sets draw them."""
OPERATIONS: Mapping[str, str] = {
    "windows": "avg_pool2d conv2d conv_transpose2d dense depthwise_conv2d max_pool2d",
    "products": "matmul distance pairwise_coupling quantize_rows rfft_power row_scales scale_rows "
    "stft_bands",
    "elements": "add div fmod max min mod mul pow sub",
    "bits": "bitwise_and bitwise_or bitwise_xor equal less less_equal logical_and logical_or "
    "logical_xor shift_left shift_right where",
    "functions": "abs atan ceil cos erf exp floor log neg relu round sigmoid sigmoid16 sign sin "
    "sqrt tanh",
    "scales": "cast dequantize double_to_float lookup lookup16 quantize recentre requantize",
    "softmax": "softmax softmax16",
    "recurrent": "gru iir lstm lstm8 lstm_rows rnn",
    "moved": "concat gather gather_elements pad reshape slice strided transpose",
    "reductions": "argmax argmin cumsum l2_norm reduce_max reduce_mean reduce_min reduce_prod "
    "reduce_sum topk",
    "voters": "nearest tree_ensemble weighted_median winner",
}
"""All operations, each in one family, as random graphs draw them."""
_NOT_OF_X = {"tree_ensemble": ("float32",)}
"""Operations whose first operand is a constant: what x may be."""


def types_of_x(op: str) -> list[tuple[str, ...]]:
    """What x may be for each type that decides the operation's kernel: few inputs have rare types
    by themselves."""
    return [_NOT_OF_X.get(op, (dtype,)) for dtype in OPS.get(op).kernels]


def _doubles(drawing: Drawing, name: str) -> list[str]:
    """Integers that are doubles: as random integers they would be no numbers, or nothing."""
    rng, shape = drawing.rng, (int(drawing.rng.integers(1, 40)),)
    values = rng.normal(size=(CASES, *shape)) * 10.0 ** rng.integers(-46, 39, (CASES, *shape))
    x = drawing.b.input(f"{name}_x", TensorType(shape, "int64"))
    drawing.inputs[x] = values.view(np.int64)
    return [drawing.b.op("double_to_float", x, name=name)]


def makers_of(op: str) -> list[Maker]:
    """A use of an operation by each type of its first operand."""
    if op == "double_to_float":
        return [_doubles]
    return [partial(random_use, op, 1, types) for types in types_of_x(op)]


FAMILIES: Mapping[str, tuple[Maker, ...]] = {
    **LAYERS,
    **{
        name: tuple(maker for op in ops.split() for maker in makers_of(op))
        for name, ops in OPERATIONS.items()
    },
}


def draw(family: str, part: int, count: int) -> Uses:
    """So many uses of a family, another selection in each part. In one of four, factors are those
    of float32."""
    rng = np.random.default_rng([2026, crc32(family.encode()), part])
    drawing, makers = Drawing(rng), FAMILIES[family]
    results: list[str] = []
    with roundings(part % 4 == 3):
        for k in range(count):
            results += makers[k % len(makers)](drawing, f"u{k:04d}")
    graph = drawing.b.build(results)
    inputs = {i: drawing.inputs.get(i) for i in graph.inputs}
    given = {
        i: content(rng, graph.type(i)) if known is None else known for i, known in inputs.items()
    }
    return _lowered(graph, given, rng)


@cache
def _fused_rows() -> list[list[Case]]:
    """The rows of the table by their operations and type."""
    found: dict[tuple[str, ...], list[Case]] = {}
    for case in OPS.get("fused").cases.values():
        parts = case.attrs["parts"]
        assert isinstance(parts, tuple)
        key = (*(p.op for p in parts), case.types[0].dtype)
        found.setdefault(key, []).append(case)
    return list(found.values())


def roundings(real: bool) -> AbstractContextManager[object]:
    """Where layers are drawn with factors of float32."""
    return patch.object(uses, "ROUNDINGS", ("onnx",) if real else uses.ROUNDINGS)


def _lowered(graph: Graph, inputs: dict[str, np.ndarray], rng: np.random.Generator) -> Uses:
    made = lower(graph)
    joined = [n.name for n in made.nodes if n.parts]
    made = taken_apart(made, set(joined[int(rng.integers(APART)) :: APART]))
    with np.errstate(all="ignore"):
        values, meant = run_cases(made, inputs), run_cases(graph, inputs)
    assert all(equal(meant[a], values[b]) for a, b in zip(graph.outputs, made.outputs, strict=True))
    return Uses(made, {**inputs, **values})


def content(rng: np.random.Generator, type: TensorType) -> np.ndarray:
    """Random values in one case, and at limits in the other."""
    shape = (CASES, *type.shape)
    if type.dtype == "float32":
        values = rng.normal(size=shape).astype(np.float32)
        values[1] = rng.choice(ODD, type.shape)
        return values
    info = np.iinfo(type.dtype)
    drawn = rng.integers(info.min, info.max + 1, shape).astype(type.dtype)
    kind = rng.integers(3)
    drawn[1] = rng.choice([info.min, info.max], type.shape if kind == 0 else ())
    if kind == 2:
        drawn[1] = np.clip(np.rint(rng.normal(0, 9, type.shape)), info.min, info.max)
    return drawn
