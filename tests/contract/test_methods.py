"""What every compression method promises, found by itself for each method in the catalogue."""

import numpy as np
import pytest

from tinsmith.compress.apply import apply
from tinsmith.compress.method import METHODS, Calibration, Compressed
from tinsmith.core.codec import content_hash, dumps, loads
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.rules import verify
from tinsmith.ir.types import TensorType

CASES = 60
FEATURES = 10


@pytest.fixture(params=METHODS.names())
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def graph(rng: np.random.Generator) -> Graph:
    b = Builder("contract")
    b.stage = "scale"
    x = b.input("x", TensorType((1, FEATURES), "float32"))
    x = b.op("mul", x, b.constant("gain", np.full(FEATURES, 0.5, np.float32)), name="features")
    for i, (wide, narrow) in enumerate([(FEATURES, 16), (16, 3)]):
        b.stage = f"dense_{i}"
        w = (rng.normal(size=(narrow, wide)) / np.sqrt(wide)).astype(np.float32)
        bias = rng.normal(size=narrow).astype(np.float32)
        x = b.op("dense", x, b.constant(f"w{i}", w), b.constant(f"b{i}", bias))
        x = b.op("relu", x) if i == 0 else x
    b.stage = "softmax"
    return b.build([b.op("softmax", x, name="probabilities")])


@pytest.fixture
def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {"x": rng.normal(size=(CASES, 1, FEATURES)).astype(np.float32)}


@pytest.fixture
def done(method: str, graph: Graph, inputs: dict[str, np.ndarray]) -> Compressed:
    return apply(graph, method, Calibration(inputs))


def test_interface_stays(graph: Graph, done: Compressed) -> None:
    verify(done.graph)
    assert done.graph.inputs == graph.inputs and done.graph.outputs == graph.outputs
    for name in (*graph.inputs, *graph.outputs):
        assert done.graph.type(name) == graph.type(name)


def test_stages_stay_in_order(graph: Graph, done: Compressed) -> None:
    was = list(dict.fromkeys(n.stage for n in graph.nodes))
    now = list(dict.fromkeys(n.stage for n in done.graph.nodes))
    assert [s for s in now if s in was] == was


def test_constants_shrink(graph: Graph, done: Compressed) -> None:
    sizes = [sum(c.nbytes for c in g.constants.values()) for g in (graph, done.graph)]
    assert sizes[1] < sizes[0]


def test_decisions_stay(graph: Graph, done: Compressed, inputs: dict[str, np.ndarray]) -> None:
    was, now = (
        run_cases(g, inputs)["probabilities"].reshape(CASES, -1) for g in (graph, done.graph)
    )
    assert np.mean(was.argmax(1) != now.argmax(1)) <= 0.05
    assert np.abs(was - now).max() < 0.1


def test_errors_are_of_values_in_the_graph(method: str, done: Compressed) -> None:
    assert done.method == method
    values = {o: n.stage for n in done.graph.nodes for o in n.outputs}
    assert done.errors and all(values[e.value] == e.stage for e in done.errors)
    assert all(e.sqnr_db > 15 for e in done.errors)


def test_same_input_same_result_and_it_can_be_stored(
    method: str, graph: Graph, inputs: dict[str, np.ndarray], done: Compressed
) -> None:
    again = apply(graph, method, Calibration(inputs))
    assert content_hash(again) == content_hash(done) == content_hash(loads(Compressed, dumps(done)))


def test_the_float_graph_is_left_alone(method: str, graph: Graph, inputs: dict) -> None:
    before = content_hash(graph)
    apply(graph, method, Calibration(inputs))
    assert content_hash(graph) == before
