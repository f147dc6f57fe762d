"""Estimators predict what their libraries predict, in compiled C on this computer and on an
emulated M0+: labels and trees exactly, other values within 1e-5 of the largest.

All estimators of a data set read one input and are compiled into one image.
"""

import warnings
from collections.abc import Callable, Iterable
from functools import cache

import numpy as np
import pytest
from classics import CLASSES, TARGETS, TESTED, Fitted, fit, makers, rows_of
from firmwares import CACHE

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.build.shared import build_shared
from tinsmith.codegen.compile import compile_graph
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import TensorType
from tinsmith.prove.bits import equal

TOLERANCE = 1e-5
WHOLE = ("label", "cluster")
SAMPLE = ("forest", "boosting", "logistic", "svc_rbf", "neighbours_p1", "mixture_full",
          "calibrated_sigmoid", "calibrated_isotonic", "network_tanh", "xgb", "lgb")  # fmt: skip


@cache
def fitted(data: str, key: str) -> Fitted:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit(*makers(data)[key], rows_of(data))


def union(data: str, keys: Iterable[str]) -> tuple[Graph, dict[tuple[str, str], str]]:
    """One graph that holds all; (estimator, output) -> its name there."""
    features = rows_of(data)[2].shape[1]
    builder, names = Builder(data), {}
    x = builder.input("x", TensorType((1, features), "float32"))
    for key in keys:
        graph = fitted(data, key).graph
        found = builder.inline(graph, x)
        names.update({(key, o): n for o, n in zip(graph.outputs, found, strict=True)})
    return builder.build(names.values()), names


def outputs_of(graph: Graph, board: str, rows: np.ndarray) -> dict[str, np.ndarray]:
    found = BOARDS.get(board)
    module = compile_graph(graph, board, planner="first_fit")
    options = RunOptions({"x": rows[:, None]}, cache=CACHE)
    if board == "host":
        return dict(run(build_shared(module, CACHE), found, "host", options).outputs)
    firmware = build_image(module, found, "zig", BuildOptions(cache=CACHE))
    return dict(run(firmware, found, "unicorn", options).outputs)


def difference(got: np.ndarray, want: np.ndarray, output: str, exact: bool) -> str:
    """What is wrong with an output; empty where nothing is."""
    got = got.reshape(len(got), -1)
    if got.shape != want.shape:
        return f"shape {got.shape}, not {want.shape}"
    if output in WHOLE:
        return "" if np.array_equal(got, want) else f"{np.count_nonzero(got != want)} rows differ"
    if exact:
        wrong = np.count_nonzero(got != want.astype(np.float32))
        return f"{wrong} values differ" if wrong else ""
    worst = np.max(np.abs(got - want)) / np.max(np.abs(want))
    return "" if worst <= TOLERANCE else f"off by {worst:.1e} of the largest"


def check(data: str, keys: Iterable[str], boards: Iterable[str]) -> int:
    """Compare all on each board; returns how many outputs were compared on each."""
    keys = tuple(keys)
    graph, names = union(data, keys)
    rows = rows_of(data)[2]
    seen = {board: outputs_of(graph, board, rows) for board in boards}
    wrong = []
    for (key, output), name in names.items():
        one = fitted(data, key)
        first, *others = (outputs[name] for outputs in seen.values())
        what = difference(first, one.wanted[output], output, one.exact)
        wrong += [f"{data}, {key}, {output}: {what}"] if what else []
        wrong += [f"{data}, {key}, {output}: boards differ"] * (
            not all(equal(first, other) for other in others)
        )
    assert not wrong, "\n".join(wrong)
    return len(names)


@pytest.mark.emulator
def test_sample() -> None:
    check("iris", SAMPLE, ("host", "rpi_pico"))


@pytest.mark.slow
@pytest.mark.emulator
def test_full(campaign: Callable[..., int], record_result: Callable[..., None]) -> None:
    """Every estimator on three data sets."""
    sets = [*CLASSES, *TARGETS]
    sets = sets[:: max(1, len(sets) // campaign(len(sets), least=2))]
    boards = ("host", "rpi_pico")
    counts = {data: check(data, makers(data), boards) for data in sets}
    estimators = {data: len(makers(data)) for data in sets}
    record_result(
        "classic",
        {"outputs": counts, "estimators": estimators, "rows": TESTED, "boards": boards,
         "tolerance": TOLERANCE},
    )  # fmt: skip


def test_a_wrong_value_is_seen() -> None:
    want = np.array([[1.0, -2.0]])
    assert difference(np.float32([[1.0, -2.0]]), want, "value", True) == ""
    near = np.nextafter(np.float32(1), np.float32(2))
    assert difference(np.array([[near, -2]], np.float32), want, "value", True)
    assert not difference(np.array([[near, -2]], np.float32), want, "value", False)
    assert difference(np.float32([[1.0001, -2.0]]), want, "value", False)
    assert difference(np.int32([[1, 0]]), np.array([[1, 1]]), "label", False)
