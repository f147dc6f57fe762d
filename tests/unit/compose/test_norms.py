"""Normalisations against PyTorch's."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.nn import functional

from tinsmith.compose import layers, movement
from tinsmith.ir.builder import Builder
from tinsmith.ir.interp import Interpreter
from tinsmith.ir.op import ShapeError
from tinsmith.ir.types import type_of

X = (np.random.default_rng(1).normal(size=(2, 6, 3, 4)) * 2 + 5).astype(np.float32)
SCALE, OFFSET, MEAN = (
    np.random.default_rng(i).normal(size=6).astype(np.float32) for i in (2, 3, 4)
)
VARIANCE = np.abs(MEAN) + np.float32(0.5)
EPSILON = 1e-3


def run(compose: Callable[..., str], *arrays: np.ndarray) -> np.ndarray:
    b = Builder("net")
    names = [b.input(f"in_{i}", type_of(a)) for i, a in enumerate(arrays)]
    y = compose(b, *names)
    assert y == "y"
    return Interpreter(b.build([y])).run({f"in_{i}": a for i, a in enumerate(arrays)})[y]


def near(seen: np.ndarray, wanted: torch.Tensor) -> None:
    assert seen.shape == tuple(wanted.shape)
    assert np.max(np.abs(seen - wanted.numpy())) <= 2e-6 * float(wanted.abs().max())


def tensors(*arrays: np.ndarray) -> list[torch.Tensor]:
    return [torch.tensor(a, dtype=torch.float64) for a in arrays]


def test_batch_norm() -> None:
    x, mean, variance, scale, offset = tensors(X, MEAN, VARIANCE, SCALE, OFFSET)
    wanted = functional.batch_norm(x, mean, variance, scale, offset, eps=EPSILON)

    def known(b: Builder, v: str) -> str:
        moments, affine = (MEAN, VARIANCE), (SCALE, OFFSET)
        return b.renamed(layers.batch_norm(b, v, moments, affine, EPSILON), "y")

    def named(b: Builder, v: str, m: str, s: str, f: str, o: str) -> str:
        return b.renamed(layers.batch_norm(b, v, (m, s), (f, o), EPSILON), "y")

    near(run(known, X), wanted)
    near(run(named, X, MEAN, VARIANCE, SCALE, OFFSET), wanted)

    def without_scale(b: Builder, v: str) -> str:
        return b.renamed(layers.batch_norm(b, v, (MEAN, VARIANCE), (None, OFFSET), EPSILON), "y")

    plain = functional.batch_norm(x, mean, variance, None, offset, eps=EPSILON)
    near(run(without_scale, X), plain)


def test_layer_norm() -> None:
    scale, offset = (
        np.random.default_rng(i).normal(size=(3, 4)).astype(np.float32) for i in (5, 6)
    )
    x, s, o = tensors(X, scale, offset)

    def both(b: Builder, v: str) -> str:
        return b.renamed(layers.layer_norm(b, v, (scale, offset), (-2, -1), EPSILON), "y")

    def neither(b: Builder, v: str) -> str:
        return b.renamed(layers.layer_norm(b, v, (None, None), (2, 3), EPSILON), "y")

    near(run(both, X), functional.layer_norm(x, (3, 4), s, o, EPSILON))
    near(run(neither, X), functional.layer_norm(x, (3, 4), None, None, EPSILON))


def test_a_large_mean_loses_no_digits() -> None:
    x = X + np.float32(2**14)
    (wide,) = tensors(x)

    def plain(b: Builder, v: str) -> str:
        return b.renamed(layers.layer_norm(b, v, (None, None), (-1,), 0.0), "y")

    wanted = functional.layer_norm(wide, (4,), None, None, 0.0)
    assert np.max(np.abs(run(plain, x) - wanted.numpy())) < 1e-2


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_group_norm(groups: int) -> None:
    x, s, o = tensors(X, SCALE, OFFSET)
    wanted = functional.group_norm(x, groups, s, o, EPSILON)

    def front(b: Builder, v: str) -> str:
        return b.renamed(layers.group_norm(b, v, groups, (SCALE, OFFSET), EPSILON), "y")

    near(run(front, X), wanted)


def test_instance_norm() -> None:
    x, s, o = tensors(X, SCALE, OFFSET)

    def both(b: Builder, v: str) -> str:
        return b.renamed(layers.instance_norm(b, v, (SCALE, OFFSET), EPSILON), "y")

    def neither(b: Builder, v: str) -> str:
        return b.renamed(layers.instance_norm(b, v, (None, None), EPSILON), "y")

    near(run(both, X), functional.instance_norm(x, weight=s, bias=o, eps=EPSILON))
    near(run(neither, X), functional.instance_norm(x, eps=EPSILON))


def test_rms_norm() -> None:
    scale = np.random.default_rng(5).normal(size=4).astype(np.float32)
    x, s = tensors(X, scale)

    def scaled(b: Builder, v: str) -> str:
        return b.renamed(layers.rms_norm(b, v, scale, (-1,), EPSILON), "y")

    def plain(b: Builder, v: str) -> str:
        return b.renamed(layers.rms_norm(b, v, None, (-1,), EPSILON), "y")

    near(run(scaled, X), functional.rms_norm(x, (4,), s, EPSILON))
    near(run(plain, X), functional.rms_norm(x, (4,), None, EPSILON))


def test_what_does_not_fit() -> None:
    short = np.ones(5, np.float32)
    cases: list[Callable[[Builder, str], str]] = [
        lambda b, v: layers.batch_norm(b, v, (short, VARIANCE), (None, None), EPSILON),
        lambda b, v: layers.batch_norm(b, v, (MEAN, VARIANCE), (short, None), EPSILON),
        lambda b, v: layers.group_norm(b, v, 4, (None, None), EPSILON),
        lambda b, v: layers.group_norm(b, v, 2, (short, None), EPSILON),
        lambda b, v: layers.layer_norm(b, v, (None, None), (4,), EPSILON),
        lambda b, v: layers.instance_norm(b, movement.reshape(b, v, (-1,)), (None, None), EPSILON),
    ]
    for compose in cases:
        with pytest.raises(ShapeError):
            run(compose, X)
    with pytest.raises(ShapeError, match="expected float32"):
        run(lambda b, v: layers.rms_norm(b, v, None, (-1,), EPSILON), X.astype(np.int32))
