"""Norms disappear into the layer in front of them, in whatever shape they are written."""

from collections.abc import Callable

import numpy as np
import pytest

from tinsmith.compose import elementwise as ew
from tinsmith.compose import movement as mv
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.op import OPS
from tinsmith.ir.rules import verify
from tinsmith.ir.types import TensorType
from tinsmith.rewrite import PASSES

LAYERS = {
    "dense": ((2, 6), (4, 6), {}),
    "conv2d": ((1, 4, 5, 2), (4, 2, 2, 2), {"stride": (1, 1)}),
    "depthwise_conv2d": ((1, 4, 5, 2), (1, 2, 2, 4), {"stride": (1, 1), "multiplier": 2}),
    "conv_transpose2d": ((1, 3, 3, 2), (4, 2, 2, 2), {"stride": (2, 2), "size": (6, 6)}),
}


def constant(b: Builder, array: object) -> str:
    return b.constant("c", np.asarray(array, np.float32))


def layer(b: Builder, op: str, rng: np.random.Generator) -> str:
    """Four channels, at the end."""
    shape, weights, attrs = LAYERS[op]
    x = b.input("x", TensorType(shape, "float32"))
    w = b.constant("w", rng.normal(size=weights).astype("f4"))
    return b.op(op, x, w, b.constant("b", rng.normal(size=4).astype("f4")), name="layer", **attrs)


def folded(graph: Graph, rng: np.random.Generator) -> Graph:
    """The folded graph, after it was seen to compute the same."""
    made = PASSES.get("fold_norms")(graph)
    verify(made)
    assert (made.inputs, made.outputs) == (graph.inputs, graph.outputs)
    inputs = {i: rng.normal(size=(5, *graph.type(i).shape)).astype("f4") for i in graph.inputs}
    was, now = run_cases(graph, inputs), run_cases(made, inputs)
    for o in graph.outputs:
        assert now[o].shape == was[o].shape
        assert np.abs(now[o] - was[o]).max() <= 1e-5 * np.abs(was[o]).max()
    return made


def some(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.uniform(0.5, 2, shape or 4).astype("f4")


Norm = Callable[[Builder, str, np.random.Generator], str]
NORMS: dict[str, Norm] = {
    "mul, add": lambda b, x, r: b.op(
        "add", b.op("mul", x, constant(b, some(r))), constant(b, some(r))
    ),
    "sub, mul, add": lambda b, x, r: b.op(
        "add",
        b.op("mul", b.op("sub", x, constant(b, some(r))), constant(b, some(r))),
        constant(b, some(r)),
    ),
    "sub, div": lambda b, x, r: b.op(
        "div", b.op("sub", x, constant(b, some(r))), constant(b, some(r))
    ),
    "one number": lambda b, x, r: b.op("div", x, constant(b, 3.0)),
    "as large as the result": lambda b, x, r: b.op(
        "mul", x, constant(b, np.broadcast_to(some(r), b.type(x).shape))
    ),
    "repeated by a node": lambda b, x, r: b.op(
        "mul", x, mv.expand(b, constant(b, some(r)), b.type(x).shape)
    ),
    "a number less it": lambda b, x, r: b.op(
        "sub", mv.expand(b, constant(b, 1.0), b.type(x).shape), x
    ),
    "neg": lambda b, x, r: b.op("neg", x),
    "moved to the front": lambda b, x, r: ew.binary(
        b, "mul", mv.transpose(b, mv.reshape(b, x, (-1, 4)), (1, 0)), constant(b, some(r, 4, 1))
    ),
    "moved to and fro": lambda b, x, r: b.op(
        "add",
        mv.transpose(
            b,
            ew.binary(
                b, "mul", mv.transpose(b, mv.reshape(b, x, (-1, 4)), (1, 0)),
                constant(b, some(r, 4, 1)),
            ),
            (1, 0),
        ),
        constant(b, some(r)),
    ),
    "of a part": lambda b, x, r: b.op(
        "mul", mv.cut(b, x, -1, 1, 2), constant(b, some(r, 2))
    ),
}  # fmt: skip


def test_every_layer_with_weights_is_here() -> None:
    assert LAYERS.keys() == {n for n in OPS.names() if OPS.get(n).channel_axis is not None}


@pytest.mark.parametrize("op", LAYERS)
@pytest.mark.parametrize("how", NORMS)
def test_a_norm_goes_into_the_layer(op: str, how: str, rng: np.random.Generator) -> None:
    b = Builder("net")
    graph = b.build([NORMS[how](b, layer(b, op, rng), rng)])
    made = folded(graph, rng)
    assert {n.op for n in made.nodes} <= {op, "strided", "reshape", "transpose", "slice"}
    assert len(made.constants) == 2
    shapes = [made.type(c).shape for c in made.nodes[0].inputs[1:]]
    assert shapes == [LAYERS[op][1], (4,)] and made.nodes[0].op == op


def test_results_take_the_name_of_the_norm(rng: np.random.Generator) -> None:
    b = Builder("net")
    y = b.op("mul", layer(b, "dense", rng), constant(b, some(rng)), name="normed")
    made = folded(b.build([b.op("relu", y, name="y")]), rng)
    assert [(n.name, n.outputs) for n in made.nodes] == [("layer", ("normed",)), ("y", ("y",))]


def read_twice(b: Builder, rng: np.random.Generator) -> list[str]:
    x = layer(b, "dense", rng)
    return [b.op("add", b.op("mul", x, constant(b, some(rng))), x)]


def shown(b: Builder, rng: np.random.Generator) -> list[str]:
    x = layer(b, "dense", rng)
    return [x, b.op("mul", x, constant(b, some(rng)))]


def remembered(b: Builder, rng: np.random.Generator) -> list[str]:
    x = layer(b, "dense", rng)
    b.update(b.state("s", np.zeros(b.type(x).shape, np.float32)), x)
    return [b.op("add", b.op("mul", x, constant(b, some(rng))), "s")]


def by_an_input(b: Builder, rng: np.random.Generator) -> list[str]:
    x = layer(b, "dense", rng)
    return [b.op("mul", x, b.input("gain", TensorType((4,), "float32")))]


def along_rows(b: Builder, rng: np.random.Generator) -> list[str]:
    x = layer(b, "conv2d", rng)
    return [b.op("mul", x, constant(b, some(rng, *b.type(x).shape)))]


def behind_an_activation(b: Builder, rng: np.random.Generator) -> list[str]:
    return [b.op("mul", b.op("relu", layer(b, "dense", rng)), constant(b, some(rng)))]


def divided_by_it(b: Builder, rng: np.random.Generator) -> list[str]:
    x = layer(b, "dense", rng)
    return [b.op("div", mv.expand(b, constant(b, 1.0), b.type(x).shape), x)]


def too_large(b: Builder, rng: np.random.Generator) -> list[str]:
    """As a norm whose variance is next to nothing."""
    x = layer(b, "dense", rng)
    return [b.op("div", x, constant(b, [1e-40, 1, 1, 1]))]


def shared(b: Builder, rng: np.random.Generator) -> list[str]:
    x = layer(b, "dense", rng)
    other = b.op("dense", b.input("z", TensorType((2, 6), "float32")), "w", "b")
    return [other, b.op("mul", x, constant(b, some(rng)))]


@pytest.mark.parametrize("build", [
    read_twice, shown, remembered, by_an_input, along_rows, behind_an_activation, divided_by_it,
    too_large, shared,
])  # fmt: skip
def test_nothing_else_is_folded(build: Callable, rng: np.random.Generator) -> None:
    b = Builder("net")
    graph = b.build(build(b, rng))
    assert PASSES.get("fold_norms")(graph) is graph


def test_a_summand_alone_is_folded_where_weights_are_shared(rng: np.random.Generator) -> None:
    b = Builder("net")
    x = layer(b, "dense", rng)
    other = b.op("dense", b.input("z", TensorType((2, 6), "float32")), "w", "b")
    made = folded(b.build([other, b.op("add", x, constant(b, some(rng)))]), rng)
    assert [n.inputs[1] for n in made.nodes] == ["w", "w"] and "b" in made.constants


def test_a_layer_that_is_called_twice_keeps_one_bias(rng: np.random.Generator) -> None:
    b = Builder("net")
    x, c = layer(b, "dense", rng), constant(b, some(rng))
    other = b.op("dense", b.input("z", TensorType((2, 6), "float32")), "w", "b")
    made = folded(b.build([b.op("add", x, c), b.op("add", other, c)]), rng)
    assert made.nodes[0].inputs[1:] == made.nodes[1].inputs[1:] and len(made.constants) == 2


def test_large_factors_that_cancel_are_folded(rng: np.random.Generator) -> None:
    """They are multiplied in float64 and rounded once."""
    b = Builder("net")
    x = b.op("mul", layer(b, "dense", rng), constant(b, [1e30] * 4))
    made = folded(b.build([b.op("mul", x, constant(b, [1e-30] * 4))]), rng)
    assert [n.op for n in made.nodes] == ["dense"]


def test_two_norms_of_two_layers_keep_to_themselves(rng: np.random.Generator) -> None:
    b = Builder("net")
    x = b.op("mul", layer(b, "dense", rng), constant(b, some(rng)))
    w, c = constant(b, rng.normal(size=(4, 4))), constant(b, rng.normal(size=4))
    y = b.op("add", b.op("dense", x, w, c), constant(b, some(rng)))
    made = folded(b.build([b.op("relu", y, name="y")]), rng)
    assert [n.op for n in made.nodes] == ["dense", "dense", "relu"]
