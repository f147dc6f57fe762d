"""The text form of any graph round-trips to the last bit."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tinsmith.ir.graph import Graph, Node, State
from tinsmith.ir.rules import check
from tinsmith.ir.text import contents, digest, from_text, graph_hash, to_text
from tinsmith.ir.types import Quant, TensorType
from tinsmith.testing.graphs import random_graph

NAMES = st.text(min_size=1, max_size=12)
SCALARS = st.one_of(
    st.integers(-(2**40), 2**40), st.booleans(), st.text(max_size=8),
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
ATTRS = st.one_of(
    SCALARS,
    st.lists(st.integers(-9, 9), max_size=3).map(tuple),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=3).map(tuple),
)


@st.composite
def types(draw: st.DrawFn) -> TensorType:
    shape = tuple(draw(st.lists(st.integers(1, 5), max_size=3)))
    dtype = draw(st.sampled_from(["float32", "int8", "uint8", "int16", "int32"]))
    scales = st.floats(min_value=1e-300, max_value=1e300)
    quant = None
    if draw(st.booleans()):
        axis = draw(st.integers(0, len(shape) - 1)) if shape and draw(st.booleans()) else None
        count = 1 if axis is None else shape[axis]
        zeros = st.integers(-(2**31), 2**31 - 1)
        lists = (draw(st.lists(s, min_size=count, max_size=count)) for s in (scales, zeros))
        quant = Quant(*map(tuple, lists), axis)
    return TensorType(shape, dtype, quant)  # type: ignore[arg-type]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Graphs with any names, attributes and types; they need not obey the grammar."""
    names = draw(st.lists(NAMES, min_size=4, max_size=8, unique=True))
    table = {n: draw(types()) for n in names}
    constant, state, source, *results = names
    nodes = tuple(
        Node(draw(NAMES), "relu", tuple(draw(st.lists(st.sampled_from(names), max_size=3))),
             (r,), draw(st.dictionaries(NAMES, ATTRS, max_size=3)), draw(st.text(max_size=8)))
        for r in results
    )  # fmt: skip
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    array = {n: _content(rng, table[n]) for n in (constant, state)}
    return Graph(
        draw(st.text(max_size=8)), draw(st.sampled_from(["float", "quantised", "lowered"])),
        (source,), tuple(results), nodes, table, {constant: array[constant]},
        (State(state, array[state], results[0]),),
    )  # fmt: skip


def _content(rng: np.random.Generator, type: TensorType) -> np.ndarray:
    """Random bits, NaNs and infinities among them."""
    return np.frombuffer(rng.bytes(type.nbytes), type.dtype).reshape(type.shape)


def plain(graph: Graph) -> Graph:
    """The graph with contents replaced by their hashes, so that == compares all of it."""
    constants = {k: digest(v) for k, v in graph.constants.items()}
    states = tuple((s.name, digest(s.initial), s.next) for s in graph.states)
    return graph.with_(constants=constants, states=states)


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_any_graph_round_trips(graph: Graph) -> None:
    again = from_text(to_text(graph), contents(graph))
    assert plain(again) == plain(graph)
    assert to_text(again) == to_text(graph)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_valid_graphs_round_trip_and_stay_valid(seed: int) -> None:
    graph = random_graph(np.random.default_rng(seed)).graph
    assert check(graph) == []
    again = from_text(to_text(graph), contents(graph))
    assert check(again) == [] and graph_hash(again) == graph_hash(graph)
