"""Every rule of the grammar accepts a good graph and rejects one that breaks it, by name."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph, Part, State
from tinsmith.ir.op import OPS
from tinsmith.ir.ops.rfft_power import twiddles
from tinsmith.ir.rules import DIALECTS, NAMES, TYPES, SpecError, check, verify
from tinsmith.ir.types import Quant, TensorType

Q = Quant((0.1,), (3,))


def good() -> Graph:
    b = Builder("net")
    x = b.input("x", TensorType((1, 3), "float32"))
    w = b.constant("w", np.ones((2, 3), np.float32))
    bias = b.constant("b", np.zeros(2, np.float32))
    s = b.state("s", np.zeros((1, 2), np.float32))
    y = b.op("add", b.op("dense", x, w, bias, name="fc"), s, name="y")
    b.update("s", y)
    return b.build([y])


def int8() -> Graph:
    b = Builder("net8", "quantised")
    x = b.input("x", TensorType((1, 3), "int8", Q))
    w = b.constant("w", np.ones((2, 3), np.int8), Quant((0.2, 0.3), (0, 0), 0))
    y = b.op("dense", x, w, b.constant("b", np.zeros(2, np.int32)), name="fc")
    scale = [b.constant(n, np.full(2, v, np.int32)) for n, v in (("m", 1 << 30), ("sh", -3))]
    attrs = {"rounding": "single", "zero_point": 3, "act_min": -128, "act_max": 127}
    return b.build([b.op("requantize", y, *scale, name="q", quant=Q, **attrs)])


def with_node(graph: Graph, name: str, /, **changes: object) -> Graph:
    nodes = tuple(replace(n, **changes) if n.name == name else n for n in graph.nodes)
    return graph.with_(nodes=nodes)


def with_attr(graph: Graph, name: str, **attrs: object) -> Graph:
    node = next(n for n in graph.nodes if n.name == name)
    return with_node(graph, name, attrs={**node.attrs, **attrs})


def with_type(graph: Graph, value: str, type: TensorType) -> Graph:
    return graph.with_(types={**graph.types, value: type})


def with_constant(graph: Graph, name: str, array: np.ndarray) -> Graph:
    return graph.with_(constants={**graph.constants, name: array})


def lowered(graph: Graph) -> Graph:
    return graph.with_(dialect="lowered")


def with_state(**changes: object) -> Graph:
    graph = good()
    return graph.with_(states=(replace(graph.states[0], **changes),))


def with_parts(graph: Graph, name: str) -> Graph:
    node = next(n for n in graph.nodes if n.name == name)
    part = Part(name, node.op, tuple(range(len(node.inputs))), node.attrs, name, graph.type(name))
    return with_node(graph, name, op="fused", attrs={}, parts=(part,))


def fused_shift(shift: int) -> Graph:
    graph = with_constant(lowered(int8()), "sh", np.full(2, shift, np.int32))
    return with_parts(graph, "q")


def spectra(spans: tuple[tuple[int, int], ...]) -> Graph:
    """Bands of bins 0 to 4 with five weights."""
    b = Builder("spectra")
    window, weights = (np.ones(n, np.float32) for n in (8, 5))
    constants = (window, twiddles(8), weights, np.array(spans, np.int32))
    names = [b.constant(f"c{i}", c) for i, c in enumerate(constants)]
    x = b.input("x", TensorType((8, 1), "float32"))
    attrs = {"start": 0, "stride": 1, "emphasis": 0.0, "floor": 0.0}
    return lowered(b.build([b.op("stft_bands", x, *names, name="y", **attrs)]))


F = TensorType((1, 2), "float32")
X8 = TensorType((1, 3), "int8")
NAN = np.array([0.0, np.nan], np.float32)

BROKEN: dict[str, Callable[[], Graph]] = {
    "once": lambda: with_node(good(), "y", outputs=("fc",)),
    "nodes": lambda: with_node(good(), "y", name="fc"),
    "op": lambda: with_node(good(), "y", op="dens"),
    "order": lambda: good().with_(nodes=good().nodes[::-1]),
    "results": lambda: with_node(good(), "y", outputs=()),
    "attributes": lambda: with_attr(good(), "fc", alpha=float("nan")),
    "typed": lambda: with_type(good(), "stray", F),
    "outputs": lambda: good().with_(outputs=("nowhere",)),
    "outputs-once": lambda: good().with_(outputs=("y", "y")),
    "labels": lambda: good().with_(labels={"x": ("a", "b")}),
    "next": lambda: with_state(next="nowhere"),
    "infer": lambda: with_type(good(), "fc", TensorType((1, 3), "float32")),
    "constant": lambda: with_constant(good(), "b", np.zeros(2, np.int32)),
    "finite": lambda: with_constant(good(), "b", NAN),
    "state": lambda: with_state(initial=np.zeros((2, 1), np.float32)),
    "state-finite": lambda: with_state(initial=NAN.reshape(1, 2)),
    "quant-axis": lambda: with_type(int8(), "x", replace(X8, quant=Quant((1.0,), (0,), 5))),
    "no-int8": lambda: int8().with_(dialect="float"),
    "no-requantize": lambda: int8().with_(dialect="float"),
    "requantize": lambda: with_attr(int8(), "q", act_min=5, act_max=4),
    "shift": lambda: with_constant(int8(), "sh", np.full(2, 31, np.int32)),
    "parts": lambda: fused_shift(31),
    "identifiers": lambda: lowered(good()).with_(name="not a name"),
    "distinct-names": lambda: lowered(_cases_collide()),
    "fused": lambda: with_parts(good(), "y"),
    "computed-outputs": lambda: lowered(good().with_(outputs=("y", "x"))),
    "computed-next": lambda: lowered(_next_is_input()),
    "dialect": lambda: good().with_(dialect="spoken"),
    "bias": lambda: with_constant(int8(), "b", np.full(2, 2**30 + 1, np.int32)),
    "spans": lambda: spectra(((0, 2), (3, 3))),
    "zero-point": lambda: with_type(int8(), "x", replace(X8, quant=Quant((1.0,), (128,)))),
    "size": lambda: lowered(_huge()),
}  # fmt: skip


def _cases_collide() -> Graph:
    b = Builder("net")
    x = b.input("x", TensorType((1, 3), "float32"))
    return b.build([b.op("relu", x, name="Y"), b.op("relu", x, name="y")])


def _next_is_input() -> Graph:
    b = Builder("net")
    x = b.input("x", F)
    s = b.state("s", np.zeros((1, 2), np.float32))
    b.update("s", x)
    return b.build([b.op("add", x, s, name="y")])


def _huge() -> Graph:
    b = Builder("net")
    return b.build([b.op("relu", b.input("x", TensorType((2**29,), "float32")), name="y")])


def test_good_graphs_pass() -> None:
    for graph in (good(), int8(), lowered(good()), lowered(int8()), fused_shift(-3)):
        assert check(graph) == []
        verify(graph)


# These are caught by the operation's own inference as well, which speaks first.
EARLIER = {"requantize": "infer"}


@pytest.mark.parametrize("rule", BROKEN)
def test_each_rule_rejects_what_breaks_it(rule: str) -> None:
    found = check(BROKEN[rule]())
    assert any(line.endswith(f"[{EARLIER.get(rule, rule)}]") for line in found), found


def test_every_rule_has_a_broken_example() -> None:
    tables = [NAMES, TYPES, *DIALECTS.values()]
    own = {check.name for op in OPS.all() for check in op.checks}
    assert {r.name for table in tables for r in table} | own | {"dialect"} == set(BROKEN)


@pytest.mark.parametrize(
    "spans", [((-1, 5),), ((0, 4),), ((0, 6),), ((1, 5),), ((5, 1), (0, 4)), ((0, 0), (0, 5))]
)
def test_bands_outside_the_bins_or_the_weights_are_rejected(
    spans: tuple[tuple[int, int], ...],
) -> None:
    assert any("[spans]" in line for line in check(spectra(spans)))
    assert check(spectra(((0, 2), (2, 3)))) == []


def test_a_rejection_names_node_types_and_reason() -> None:
    with pytest.raises(SpecError) as e:
        verify(BROKEN["infer"]())
    for part in ("node 'fc'", "fc = dense(x, w, b)", "float32[1x3]", "operation's inference"):
        assert part in str(e.value)


def test_state_must_have_the_type_of_its_next_value_quant_included() -> None:
    b = Builder("net", "quantised")
    x = b.input("x", TensorType((4,), "int8", Q))
    b.state("s", np.zeros(4, np.int8), Quant((0.2,), (0,)))
    y = b.op("relu", x)
    graph = b.build([y]).with_(states=(State("s", np.zeros(4, np.int8), y),))
    assert any("[state]" in line for line in check(graph))
