"""Movement against numpy: shapes, the elements, and how many nodes it takes."""

from collections.abc import Callable

import numpy as np
import pytest

from tinsmith.compose import movement as m
from tinsmith.ir.builder import Builder
from tinsmith.ir.interp import Interpreter
from tinsmith.ir.op import ShapeError
from tinsmith.ir.rules import check
from tinsmith.ir.types import type_of

Compose = Callable[[Builder, str], str]


def built(x: np.ndarray, compose: Compose) -> tuple[np.ndarray, list[str]]:
    """The result of a composition on x, and its ops."""
    b = Builder("net")
    y = compose(b, b.input("x", type_of(x)))
    graph = b.build([y])
    assert not check(graph)
    return Interpreter(graph).run({"x": x})[y], [n.op for n in graph.nodes]


def same(x: np.ndarray, compose: Compose, want: np.ndarray, nodes: int | None = None) -> None:
    got, ops = built(x, compose)
    assert got.dtype == x.dtype
    np.testing.assert_array_equal(got, want, strict=True)
    assert nodes is None or len(ops) == nodes, ops


def ramp(*shape: int, dtype: str = "int16") -> np.ndarray:
    return np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)


X = ramp(2, 3, 4)
NONE = [None, None, None]


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8", "int16", "int32", "int64", "bool"])
def test_every_dtype_moves(dtype: str) -> None:
    x = ramp(2, 3, 4, dtype=dtype)
    same(x, lambda b, v: m.transpose(b, v, (2, 0, 1)), x.transpose(2, 0, 1), 1)


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (2, 1, 0), (-1, 0, 1)])
def test_transpose(order: tuple[int, ...]) -> None:
    nodes = int(order != (0, 1, 2))
    same(X, lambda b, v: m.transpose(b, v, order), X.transpose(order), nodes)


def test_transpose_of_axes_of_length_one_is_a_reshape() -> None:
    x = ramp(1, 5, 1)
    _, ops = built(x, lambda b, v: m.transpose(b, v, (1, 2, 0)))
    assert ops == ["reshape"]


@pytest.mark.parametrize("shape", [(2, 3, 4), (5, 2, 3, 4), (1, 1), (4,)])
def test_expand_nothing_or_in_front(shape: tuple[int, ...]) -> None:
    want = np.broadcast_to(X, np.broadcast_shapes(X.shape, shape))
    same(X, lambda b, v: m.expand(b, v, shape), want, int(len(shape) == 4))


def test_expand_in_the_middle() -> None:
    x = ramp(2, 1, 4)
    same(x, lambda b, v: m.expand(b, v, (3, 1, 5, 1)), np.broadcast_to(x, (3, 2, 5, 4)), 1)


@pytest.mark.parametrize(
    "cut",
    [
        (slice(None), slice(None), slice(None)),
        (slice(1, None), slice(None), slice(None)),
        (slice(None), slice(0, 2), slice(1, 3)),
        (slice(None), slice(None), slice(None, None, -1)),
        (slice(None, None, -1), slice(2, 0, -2), slice(-3, 100, 2)),
        (slice(None), slice(-1, None, 5), slice(None)),
    ],
)
def test_slices(cut: tuple[slice, ...]) -> None:
    triples = ([c.start for c in cut], [c.stop for c in cut], [c.step or 1 for c in cut])
    same(X, lambda b, v: m.slices(b, v, *triples), X[cut], int(X[cut].shape != X.shape
         or any((c.step or 1) < 0 for c in cut)))  # fmt: skip


def test_slices_that_leave_nothing_are_refused() -> None:
    with pytest.raises(ShapeError, match="nothing is left"):
        built(X, lambda b, v: m.slices(b, v, [2, 0, 0], [1, 3, 4], [1, 1, 1]))


def test_a_step_of_zero_is_refused() -> None:
    with pytest.raises(ShapeError):
        built(X, lambda b, v: m.slices(b, v, NONE, NONE, [1, 0, 1]))


def test_flip() -> None:
    same(X, lambda b, v: m.flip(b, v, (0, -1)), np.flip(X, (0, -1)), 1)
    same(ramp(1, 3), lambda b, v: m.flip(b, v, (0,)), ramp(1, 3), 0)


@pytest.mark.parametrize("repeats", [(1, 1, 1), (2, 1, 3), (2, 2, 1, 1), (3,), (1, 2, 1)])
def test_tile(repeats: tuple[int, ...]) -> None:
    nodes = int(any(r > 1 for r in repeats))
    same(X, lambda b, v: m.tile(b, v, repeats), np.tile(X, repeats), nodes)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_concat(count: int) -> None:
    want = np.concatenate([X] * count, 1)
    same(X, lambda b, v: m.concat(b, [v] * count, -2), want, count - 1)


def test_concat_keeps_the_order() -> None:
    def compose(b: Builder, v: str) -> str:
        parts = [m.cut(b, v, 2, i, 1) for i in (3, 0, 2, 1, 2)]
        return b.renamed(m.concat(b, parts, 2), "last")

    same(X, compose, X[:, :, [3, 0, 2, 1, 2]])


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge", "wrap"])
def test_pad(mode: m.Padding) -> None:
    sides = [(1, 0), (2, 2), (0, 3)]
    want = np.pad(X, sides, mode, **({"constant_values": 7} if mode == "constant" else {}))
    same(X, lambda b, v: m.pad(b, v, sides, 7, mode), want, 1 if mode == "constant" else 3)


def test_pad_of_more_axes_than_one_operation_walks() -> None:
    x, sides = np.arange(32, dtype=np.int16).reshape(2, 2, 2, 2, 2), [(1, 0), (0, 2)] * 2 + [(1, 1)]
    want = np.pad(x, sides, constant_values=-3)
    same(x, lambda b, v: m.pad(b, v, sides, -3), want, 2)


def test_pad_that_cuts() -> None:
    want = np.pad(X[:1, :, 1:], [(0, 0), (1, 1), (0, 0)])
    same(X, lambda b, v: m.pad(b, v, [(0, -1), (1, 1), (-1, 0)]), want, 2)


def test_pad_of_nothing() -> None:
    same(X, lambda b, v: m.pad(b, v, [(0, 0)] * 3, 5), X, 0)


@pytest.mark.parametrize(
    ("indices", "op"),
    [
        ([0, 2, 1, -1], "gather"), ([1, 2], "slice"), ([2, 1, 0], "strided"), (1, "strided"),
        ([0, 2], "strided"), ([[0, 1], [2, 2]], "gather"), ([[0], [1]], "strided"),
    ],
)  # fmt: skip
def test_take(indices: list[int] | int, op: str) -> None:
    want = np.take(X, indices, 1)
    same(X, lambda b, v: m.take(b, v, np.asarray(indices), 1), want, 1)
    assert built(X, lambda b, v: m.take(b, v, np.asarray(indices), 1))[1] == [op]


def test_take_of_everything() -> None:
    same(X, lambda b, v: m.take(b, v, np.arange(-3, 0), 1), X, 0)


def test_take_outside_is_refused() -> None:
    with pytest.raises(ShapeError):
        built(X, lambda b, v: m.take(b, v, np.array([3]), 1))


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_gather(dtype: str) -> None:
    at = np.array([[2, -1], [0, 1]], dtype)
    want = np.take(X, at, 1)
    same(X, lambda b, v: m.gather(b, v, b.constant("at", at), -2), want, 1 + (dtype == "int64"))


def test_gather_elements_with_shorter_indices() -> None:
    at = np.array([[[0, 2, 1], [1, 1, -1]]], np.int32)
    want = np.take_along_axis(X[:1, :2], at, 2)
    same(X, lambda b, v: m.gather_elements(b, v, b.constant("at", at), 2), want, 2)


def test_reshape_squeeze_unsqueeze() -> None:
    x = ramp(1, 3, 1, 2)
    same(x, lambda b, v: m.reshape(b, v, (2, -1)), x.reshape(2, 3), 1)
    same(x, lambda b, v: m.reshape(b, v, x.shape), x, 0)
    same(x, lambda b, v: m.squeeze(b, v), x.reshape(3, 2), 1)
    same(x, lambda b, v: m.squeeze(b, v, (-2,)), x.reshape(1, 3, 2), 1)
    same(x, lambda b, v: m.unsqueeze(b, v, (0, -1)), x.reshape(1, 1, 3, 1, 2, 1), 1)
    with pytest.raises(ShapeError):
        built(x, lambda b, v: m.squeeze(b, v, (1,)))
    with pytest.raises(ShapeError):
        built(x, lambda b, v: m.reshape(b, v, (4, -1)))


@pytest.mark.parametrize("mode", ["dcr", "crd"])
def test_depth_to_space_as_onnx_defines_it(mode: m.Blocks) -> None:
    x, k = ramp(2, 8, 3, 5), 2
    seen = (2, k, k, 2, 3, 5) if mode == "dcr" else (2, 2, k, k, 3, 5)
    order = (0, 3, 4, 1, 5, 2) if mode == "dcr" else (0, 1, 4, 2, 5, 3)
    want = x.reshape(seen).transpose(order).reshape(2, 2, 6, 10)
    same(x, lambda b, v: m.depth_to_space(b, v, k, mode), want, 1)
    same(want, lambda b, v: m.space_to_depth(b, v, k, mode), x, 1)


@pytest.mark.parametrize("mode", ["dcr", "crd"])
def test_blocks_with_channels_last(mode: m.Blocks) -> None:
    x = ramp(2, 8, 3, 5)
    (want, _) = built(x, lambda b, v: m.depth_to_space(b, v, 2, mode))
    last = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    tall = np.ascontiguousarray(want.transpose(0, 2, 3, 1))
    same(last, lambda b, v: m.depth_to_space(b, v, 2, mode, "channels_last"), tall, 1)
    same(tall, lambda b, v: m.space_to_depth(b, v, 2, mode, "channels_last"), last, 1)


def test_blocks_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ShapeError):
        built(ramp(1, 3, 2, 2), lambda b, v: m.depth_to_space(b, v, 2))
    with pytest.raises(ShapeError):
        built(ramp(1, 3, 3, 2), lambda b, v: m.space_to_depth(b, v, 2))


def test_names_go_to_the_last_node() -> None:
    b = Builder("net")
    x = b.input("x", type_of(X))
    assert b.renamed(m.pad(b, x, [(1, 1), (-1, 0), (0, 2)]), "padded") == "padded"
    assert b.renamed(m.concat(b, [x, x, x], 0), "all") == "all"
    at = b.constant("at", np.zeros((1, 3, 4), np.int64))
    assert b.renamed(m.gather_elements(b, x, at, 0), "picked") == "picked"
