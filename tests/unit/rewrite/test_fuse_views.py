"""A reshape is no step of its own where it alone reads a result; kernels do not see it."""

import numpy as np
import pytest
from programs import program

from tinsmith.codegen.buffers import plan_memory
from tinsmith.codegen.compile import lower
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import TensorType
from tinsmith.rewrite import PASSES
from tinsmith.rewrite.fuse import taken_apart

PASS = PASSES.get("fuse_views")


def flattened(more: str = "") -> Graph:
    """A convolution with a rectifier, and a pooling, each with a reshape behind it."""
    b, rng = Builder("net"), np.random.default_rng(1)
    x = b.input("x", TensorType((1, 4, 4, 2), "float32"))
    w, c = rng.normal(size=(3, 1, 1, 2)).astype(np.float32), np.ones(3, np.float32)
    y = b.op("conv2d", x, b.constant("w", w), b.constant("c", c), stride=(1, 1))
    y = b.op("relu", y, name="layer")
    flat = b.op("reshape", y, shape=(1, 48), name="flat")
    v = rng.normal(size=(5, 48)).astype(np.float32)
    z = b.op("dense", flat, b.constant("v", v), b.constant("d", np.ones(5, np.float32)))
    mean = b.op("avg_pool2d", x, size=(4, 4), stride=(1, 1), name="mean")
    ends = [z, b.op("neg", b.op("reshape", mean, shape=(2,), name="pair"))]
    ends += {"output": ["layer"], "reader": [b.op("neg", "layer")]}.get(more, [])
    return b.build(ends)


def kernels(graph: Graph) -> set[str]:
    return set(program(graph).kernels.values())


def test_the_kernels_are_those_of_the_nodes_without_it() -> None:
    low = lower(flattened())
    words = {n.words: n.name for n in low.nodes}
    assert words.keys() == {"conv2d + relu + reshape", "dense", "avg_pool2d + reshape", "neg"}
    assert words["conv2d + relu + reshape"] == "layer" and words["avg_pool2d + reshape"] == "mean"
    apart = taken_apart(low)
    assert [n.words for n in apart.nodes if n.op == "reshape"] == ["reshape"] * 2
    plain = PASSES.get("fuse")(apart)
    assert kernels(low) == kernels(plain) - {k for k in kernels(plain) if "reshape" in k}
    x = {"x": np.random.default_rng(2).normal(size=(2, 1, 4, 4, 2)).astype(np.float32)}
    was, now = run_cases(plain, x), run_cases(low, x)
    assert all(was[o].tobytes() == now[o].tobytes() for o in low.outputs)
    plans = [plan_memory(program(g)).arena_bytes for g in (low, plain)]
    assert plans[0] <= plans[1]


@pytest.mark.parametrize("more", ["output", "reader"])
def test_a_result_that_others_need_keeps_its_shape(more: str) -> None:
    words = [n.words for n in lower(flattened(more)).nodes]
    assert "reshape" in words and "avg_pool2d + reshape" in words
    assert not any(w.startswith("conv2d") and w.endswith("reshape") for w in words)


def test_an_output_in_another_shape_is_written_at_once() -> None:
    b = Builder("net")
    x = b.op("neg", b.input("x", TensorType((2, 3), "float32")))
    low = lower(b.build([b.op("reshape", x, shape=(6,), name="y")]))
    assert [n.words for n in low.nodes] == ["neg + reshape"] and low.outputs == ("y",)
    assert kernels(low) == {"ref/neg_float32"}
    assert PASS(low) is low
