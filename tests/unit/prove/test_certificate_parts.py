"""The checker's own arithmetic, without an image: layers as sums, breakpoints, stimuli, plans."""

from dataclasses import replace

import numpy as np
import pytest
from certified import BOARD, module, network, program

from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.interp import Interpreter
from tinsmith.ir.types import TensorType
from tinsmith.prove.certificate.checker.layers import Layer, layer_of
from tinsmith.prove.certificate.checker.plan import replay_plan
from tinsmith.prove.certificate.checker.statement import Rejected, Subject
from tinsmith.prove.certificate.make import _orders
from tinsmith.prove.certificate.stimuli import (
    Stimuli,
    ends_of,
    patches,
    planted,
    sized,
    solved,
    windows_of,
)

GRAPH = program("dsp").graph
LAYERS = {n.name: found for n in GRAPH.nodes if (found := layer_of(GRAPH, n))}


def node(graph: Graph, name: str) -> Node:
    return next(n for n in graph.nodes if n.name == name)


def subject(**changes: object) -> Subject:
    m = module("dsp")
    places = {name: (p.offset, p.nbytes) for name, p in m.plan.places.items()}
    made = Subject(
        m.name, BOARD, "", network(), m.graph, b"", 4096, m.plan.arena_bytes, m.plan.state_bytes,
        places, {}, m.plan.kept, m.steps, m.kernels, dict(_orders(m, BOARD)), {},
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_planted_windows_make_the_sums_that_patches_say(name: str) -> None:
    layer, rng = LAYERS[name], np.random.default_rng(1)
    given = patches(layer, rng, 60)
    spots, own, at = windows_of(layer), node(GRAPH, name), 0
    assert len(given) > len(spots)
    for x in planted(layer, given, rng):
        windows = layer.windows(x).reshape(-1, *given.shape[1:])
        sums = np.einsum("ngt,gmt->ngm", windows, layer.weights) + layer.bias
        found = computed(own, {**GRAPH.constants, own.inputs[0]: x})
        want = layer.result(sums.reshape(len(sums), -1))
        assert np.array_equal(found.reshape(want.shape), want)
        columns = layer.window.results[1] if layer.window else 1
        for row, column in spots[: len(given) - at]:
            seen = windows[row * columns + column]
            inside = (seen == given[at]) | (seen == 0)
            assert inside.all() and (seen == given[at]).mean() > 0.2
            at += 1
    assert at == len(given)


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_no_more_is_proposed_than_asked_for(name: str) -> None:
    layer = LAYERS[name]
    found = list(Stimuli().special(layer, 0, 5))
    assert 1 <= len(found) <= 5
    assert all(len(layer.windows(x)[spots]) for x, spots in found)


def computed(own: Node, values: dict[str, np.ndarray]) -> np.ndarray:
    made = GRAPH.with_(nodes=(own,), inputs=(own.inputs[0],), outputs=own.outputs)
    (result,) = own.outputs
    return Interpreter(made).run({own.inputs[0]: values[own.inputs[0]]})[result]


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_breakpoints_are_where_results_change(name: str) -> None:
    layer = LAYERS[name]
    low, high = (r.ravel() for r in layer.ranges())
    found = layer.breakpoints()
    for channel in (0, len(found) - 1):
        sums = np.arange(low[channel], high[channel] + 1)
        every = np.tile(sums[:, None], (1, len(found)))
        results = layer.result(every)[:, channel].astype(int)
        want = sums[1:][np.diff(results) > 0]
        assert np.array_equal(found[channel], want)


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_bounds_hold_what_random_values_make(name: str) -> None:
    layer, rng = LAYERS[name], np.random.default_rng(2)
    least, most = layer.ranges()
    groups, _, taps = layer.weights.shape
    values = rng.choice(ends_of(layer), (200, groups, taps)) * rng.integers(
        0, 2, (200, groups, taps)
    )
    sums = np.einsum("ngt,gmt->ngm", values, layer.weights) + layer.bias
    assert (sums >= least).all()
    assert (sums <= most).all()
    ends = patches(layer, rng, 10_000)
    reached = np.einsum("ngt,gmt->ngm", ends, layer.weights) + layer.bias
    assert np.array_equal(reached.max(0), most)
    assert np.array_equal(reached.min(0), least)


def test_a_walk_reaches_sums() -> None:
    layer = LAYERS["last"]
    aims = np.arange(-5000, 5000, 37)
    values = solved(layer, (0, 3), aims, np.random.default_rng(3))
    made = values @ layer.weights[0, 3] + layer.bias[0, 3]
    assert (made == aims).mean() > 0.9
    assert ends_of(layer)[0] <= values.min()
    assert values.max() <= ends_of(layer)[1]


def test_a_layer_is_read_as_it_is_meant() -> None:
    shapes = {name: layer.weights.shape for name, layer in LAYERS.items()}
    assert shapes == {
        "first": (1, 6, 27), "deep": (6, 1, 9), "point": (1, 5, 6), "last": (1, 7, 60),
    }  # fmt: skip
    assert isinstance(LAYERS["last"], Layer)
    assert layer_of(GRAPH, node(GRAPH, "pool")) is None


def test_plans_are_replayed() -> None:
    right = subject()
    replay_plan(right)
    places = dict(right.places)
    wrong = {
        "x": (places["x"][0] + 4, places["x"][1]),
        "last": (right.arena_bytes, 7),
        "deep#scratch": (places["first"][0], places["deep#scratch"][1]),
        "point": (places["deep"][0], places["point"][1]),
        "flat": (places["flat"][0], 59),
    }
    for name, place in wrong.items():
        with pytest.raises(Rejected, match="plan"):
            replay_plan(replace(right, places={**places, name: place}))
    with pytest.raises(Rejected, match="gone at the end"):
        replay_plan(replace(right, kept=("x",)))
    with pytest.raises(Rejected, match="states"):
        replay_plan(replace(right, state_offsets={"none": 0}))


def test_floats_of_all_sizes_are_tried() -> None:
    rng = np.random.default_rng(1)
    small, ordinary, every = (sized((4000,), rng, most) for most in (-120, 20, 129))
    assert np.abs(small).max() < 2.0**-120
    assert (np.abs(small[small != 0]) < np.finfo(np.float32).tiny).any()
    assert (ordinary == 0).any() and np.signbit(ordinary[ordinary == 0]).any()
    assert np.abs(ordinary).max() < 2.0**20
    assert np.isnan(every).any() and np.isposinf(every).any() and np.isneginf(every).any()


def test_steps_of_floats_alone_get_them_too() -> None:
    b = Builder("floats", "quantised")
    x = b.input("x", TensorType((1, 5), "float32"))
    y = b.op("relu", x, name="y")
    given = list(Stimuli().general(b.build([y]), 0))
    assert len(given) > 6 and len(given) % 2 == 0
    assert any(np.isnan(v["x"]).any() for v in given)
    assert [v["x"].tobytes() for v in given] == [
        v["x"].tobytes() for v in Stimuli().general(b.build([y]), 0)
    ]
