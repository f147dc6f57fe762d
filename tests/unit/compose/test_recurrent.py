"""Recurrent layers against PyTorch's."""

from typing import Any

import numpy as np
import pytest
import torch

from tinsmith.compose import recurrent
from tinsmith.compose.recurrent import Recurrent, RecurrentSpec, RecurrentWeights
from tinsmith.ir.builder import Builder
from tinsmith.ir.interp import Interpreter
from tinsmith.ir.op import ShapeError
from tinsmith.ir.types import type_of

T, B, N, H = 5, 2, 3, 4
TORCH = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
ORDERS = {"rnn": ("h", "h"), "lstm": ("ifco", "iofc"), "gru": ("rzh", "zrh")}


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(np.float32)


def weights_of(kind: str, layer: torch.nn.RNNBase, bias: bool = True) -> dict[str, np.ndarray]:
    """Torch's parameters as [D, ...] with the gates in our order."""
    have, want = ORDERS[kind]
    ends = ["l0", "l0_reverse"][: 2 if layer.bidirectional else 1]

    def stacked(name: str) -> np.ndarray:
        each = [getattr(layer, f"{name}_{end}").detach().numpy() for end in ends]
        return np.stack([recurrent.reordered(a, have, want, 0) for a in each])

    made = {"w": stacked("weight_ih"), "r": stacked("weight_hh")}
    if bias:
        made["bias"] = np.concatenate([stacked("bias_ih"), stacked("bias_hh")], -1)
    return made


def run(
    kind: str, arrays: dict[str, np.ndarray], spec: RecurrentSpec, named: bool = False
) -> tuple[np.ndarray, ...]:
    """Results for x and weights; these are inputs of the graph where ``named``."""
    b = Builder("net")
    rest = {k: v for k, v in arrays.items() if k != "x"}
    names: dict[str, Any] = {k: b.input(k, type_of(v)) for k, v in rest.items()} if named else rest
    x = b.input("x", type_of(arrays["x"]))
    made: Recurrent = getattr(recurrent, kind)(b, x, RecurrentWeights(**names), spec)
    graph = b.build(dict.fromkeys(made))
    values = Interpreter(graph).run({k: arrays[k] for k in graph.inputs})
    return tuple(values[name] for name in made)


def near(seen: np.ndarray, wanted: np.ndarray) -> None:
    assert seen.shape == wanted.shape
    assert np.max(np.abs(seen - wanted)) < 2e-6


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("kind", TORCH)
def test_equal_to_torch(kind: str, both: bool) -> None:
    torch.manual_seed(1)
    layer = TORCH[kind](N, H, bidirectional=both)
    count = 2 if both else 1
    x, h, c = draw(T, B, N), draw(count, B, H), draw(count, B, H, seed=1)
    start = (torch.tensor(h), torch.tensor(c)) if kind == "lstm" else torch.tensor(h)
    with torch.no_grad():
        wanted, last = layer(torch.tensor(x), start)
    arrays = {"x": x, **weights_of(kind, layer), "h": h} | ({"c": c} if kind == "lstm" else {})
    spec = RecurrentSpec("both" if both else "forward", reset_after=True)
    for named in (False, True):
        steps, last_h, last_c = run(kind, arrays, spec, named)
        near(steps.transpose(0, 2, 1, 3).reshape(T, B, count * H), wanted.numpy())
        near(last_h, (last[0] if kind == "lstm" else last).numpy())
        near(last_c, (last[1] if kind == "lstm" else last).numpy())


@pytest.mark.parametrize("kind", TORCH)
def test_backward_is_forward_from_the_other_end(kind: str) -> None:
    torch.manual_seed(1)
    layer = TORCH[kind](N, H, bias=False)
    arrays = {"x": draw(T, B, N), **weights_of(kind, layer, bias=False)}
    turned = {**arrays, "x": arrays["x"][::-1].copy()}
    steps, last_h, last_c = run(kind, arrays, RecurrentSpec("backward"))
    other, other_h, other_c = run(kind, turned, RecurrentSpec())
    assert np.array_equal(steps, other[::-1])
    assert np.array_equal(last_h, other_h) and np.array_equal(last_c, other_c)


def test_a_gru_takes_its_biases_apart_or_whole() -> None:
    arrays = {"x": draw(T, B, N), "w": draw(1, 3 * H, N), "r": draw(1, 3 * H, H)}
    one = draw(1, 3 * H, seed=2)
    whole = np.concatenate([one, np.zeros((1, H), np.float32)], -1)
    double = np.concatenate([one, np.zeros((1, 3 * H), np.float32)], -1)
    results = [run("gru", {**arrays, "bias": v}, RecurrentSpec())[0] for v in (one, whole, double)]
    assert np.array_equal(results[0], results[1]) and np.array_equal(results[0], results[2])


def test_reset_in_front_of_the_matrix_is_another_formula() -> None:
    arrays = {"x": draw(T, B, N), "w": draw(1, 3 * H, N), "r": draw(1, 3 * H, H)}
    before = run("gru", arrays, RecurrentSpec())[0]
    assert np.max(np.abs(before - run("gru", arrays, RecurrentSpec(reset_after=True))[0])) > 1e-3


@pytest.mark.parametrize(
    ("changes", "spec"),
    [
        ({"w": draw(1, 4 * H, N + 1)}, RecurrentSpec()),
        ({"r": draw(2, 4 * H, H)}, RecurrentSpec()),
        ({}, RecurrentSpec("both")),
        ({"bias": draw(1, 3)}, RecurrentSpec()),
        ({"h": draw(1, B + 1, H)}, RecurrentSpec()),
        ({}, RecurrentSpec(activations=("sigmoid", "tanh"))),
        ({}, RecurrentSpec(activations=("sigmoid", "tanh", "swish"))),
        ({}, RecurrentSpec(clip=-1.0)),
        ({"x": draw(T, N)}, RecurrentSpec()),
        ({"w": np.zeros((1, 4 * H, N), np.int32)}, RecurrentSpec()),
    ],
)
def test_what_does_not_fit(changes: dict[str, np.ndarray], spec: RecurrentSpec) -> None:
    arrays = {"x": draw(T, B, N), "w": draw(1, 4 * H, N), "r": draw(1, 4 * H, H)} | changes
    with pytest.raises(ShapeError):
        run("lstm", arrays, spec)


@pytest.mark.parametrize("kind", TORCH)
def test_the_batch_may_come_first(kind: str) -> None:
    rows = len(ORDERS[kind][1]) * H if kind != "rnn" else H
    arrays = {
        "x": draw(T, B, N), "w": draw(2, rows, N), "r": draw(2, rows, H), "h": draw(2, B, H)
    }  # fmt: skip
    turned = {**arrays, **{k: arrays[k].swapaxes(0, 1).copy() for k in ("x", "h")}}
    plain = run(kind, arrays, RecurrentSpec("both"))
    for named in (False, True):
        steps, *last = run(kind, turned, RecurrentSpec("both", batch_first=True), named)
        assert np.array_equal(steps, plain[0].transpose(2, 0, 1, 3))
        for seen, wanted in zip(last, plain[1:], strict=True):
            assert np.array_equal(seen, wanted.swapaxes(0, 1))
