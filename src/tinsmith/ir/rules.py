"""The grammar of the IR: tables of rules, one table per dialect; a rule that rejects says why in a
sentence.

Read top to bottom: what holds for every graph (names first, then types), then what each dialect
adds; what ops ask of their uses, they say themselves (`Op.checks`). `check` lists what is wrong,
`verify` raises it.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tinsmith.core.errors import InternalError, UnknownKind, UserError
from tinsmith.ir.graph import Graph, Node, State
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS
from tinsmith.ir.types import TensorType, type_of

Over = Literal["graph", "node", "step", "value", "constant", "state"]
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class SpecError(InternalError):
    """A graph breaks its grammar; the message lists every rejection."""

    def __init__(self, graph: Graph, rejections: Iterable[str]) -> None:
        self.rejections = tuple(rejections)
        super().__init__(f"{graph}\n  " + "\n  ".join(self.rejections))


@dataclass(frozen=True)
class Step:
    """A node and the names of all values that are defined before it (one set that grows, to be
    looked at while the steps are walked)."""

    node: Node
    defined: Set[str]


@dataclass(frozen=True)
class Rule:
    """One row of the grammar.

    Args:
        over: what the predicate is asked about: the graph, each node, node with what is defined
            before it, value name, constant name or state.
        holds: (graph, subject) -> whether the subject is well-formed.
        sentence: why a subject is rejected.
    """

    name: str
    over: Over
    holds: Callable[[Graph, Any], bool]
    sentence: str

    def rejections(self, graph: Graph) -> Iterator[str]:
        """One line per subject that breaks the rule."""
        for subject in _subjects(graph, self.over):
            if not self.holds(graph, subject):
                yield f"{_show(graph, subject)}: {self.sentence} [{self.name}]"


def check(graph: Graph) -> list[str]:
    """Everything that is wrong with a graph, one line each; types are only looked at once the names
    are right, the dialect only once the types are."""
    for table in (NAMES, TYPES, DIALECTS.get(graph.dialect, (UNKNOWN_DIALECT,))):
        if found := [line for rule in table for line in rule.rejections(graph)]:
            return found
    return [] if graph.dialect == "float" else list(_own_rejections(graph))


def verify(graph: Graph) -> None:
    """Check a graph against its dialect's grammar.

    Raises:
        SpecError: with node, types and sentence of each rejection.
    """
    if found := check(graph):
        raise SpecError(graph, found)


def _own_rejections(graph: Graph) -> Iterator[str]:
    """What breaks the checks of the ops; they are about integers, so float graphs are not asked."""
    for node in graph.nodes:
        contents = [graph.constants.get(i) for i in node.inputs]
        for own in OPS.get(node.op).checks:
            if not own.holds(site_of(graph, node), contents):
                yield f"{_show(graph, node)}: {own.sentence} [{own.name}]"


def _subjects(graph: Graph, over: Over) -> Iterable[Any]:
    match over:
        case "node":
            return graph.nodes
        case "step":
            return _steps(graph)
        case "value":
            return tuple(graph.types)
        case "constant":
            return tuple(graph.constants)
        case "state":
            return graph.states
        case "graph":
            return (graph,)


def _steps(graph: Graph) -> Iterator[Step]:
    defined = set(_sources(graph))
    for node in graph.nodes:
        yield Step(node, defined)
        defined.update(node.outputs)


def _show(graph: Graph, subject: Any) -> str:
    if isinstance(subject, Step):
        subject = subject.node
    if isinstance(subject, Node):
        types = ", ".join(str(graph.types.get(i, "?")) for i in subject.inputs)
        results = ", ".join(str(graph.types.get(o, "?")) for o in subject.outputs)
        return f"node {subject.name!r}: {subject}: ({types}) -> ({results})"
    if isinstance(subject, State):
        return f"state {subject.name!r}: {graph.types.get(subject.name, '?')}"
    if isinstance(subject, str):
        return f"value {subject!r}: {graph.types.get(subject, '?')}"
    return f"graph {graph.name!r}"


# What exists before the first node runs.
def _sources(graph: Graph) -> list[str]:
    return [*graph.inputs, *graph.constants, *(s.name for s in graph.states)]


def _definitions(graph: Graph) -> list[str]:
    return _sources(graph) + [o for n in graph.nodes for o in n.outputs]


def _each_once(graph: Graph, _: Graph) -> bool:
    return max(Counter(_definitions(graph)).values(), default=0) <= 1


def _before_use(graph: Graph, step: Step) -> bool:
    return step.defined >= set(step.node.inputs)


def _next_exists(graph: Graph, state: State) -> bool:
    return state.next in graph.types


def _labels_fit(graph: Graph, _: Graph) -> bool:
    """A name for each element, or any number of them for one integer."""
    for output, classes in graph.labels.items():
        type = graph.types.get(output)
        if type is None or output not in graph.outputs or not classes:
            return False
        if type.elements != len(classes) and (type.elements != 1 or type.dtype == "float32"):
            return False
    return True


def _attrs_finite(graph: Graph, node: Node) -> bool:
    for value in node.attrs.values():
        parts = value if isinstance(value, tuple) else (value,)
        if not all(np.isfinite(p) for p in parts if isinstance(p, float)):
            return False
    return True


def _op_known(graph: Graph, node: Node) -> bool:
    try:
        return OPS.get(node.op).name == node.op
    except UnknownKind:
        return False


NAMES: tuple[Rule, ...] = (
    Rule("once", "graph", _each_once, "each value is defined exactly once (SSA)"),
    Rule(
        "nodes", "graph",
        lambda g, _: len({n.name for n in g.nodes}) == len(g.nodes),
        "node names are unique",
    ),
    Rule("op", "node", _op_known, "the operation must be in ir/ops"),
    Rule("order", "step", _before_use, "every operand is defined before it is read"),
    Rule(
        "fused", "node",
        lambda g, n: not n.parts or g.dialect == "lowered",
        "only a lowered graph has fused nodes",
    ),
    Rule("results", "node", lambda g, n: len(n.outputs) >= 1, "a node has at least one result"),
    Rule("attributes", "node", _attrs_finite, "float attributes are finite"),
    Rule(
        "typed", "graph",
        lambda g, _: set(g.types) == set(_definitions(g)),
        "types name exactly the values that are defined",
    ),
    Rule(
        "outputs", "graph",
        lambda g, _: bool(g.outputs) and set(g.outputs) <= set(_definitions(g)),
        "there is at least one output and every output is defined",
    ),
    Rule(
        "outputs-once", "graph",
        lambda g, _: len(set(g.outputs)) == len(g.outputs),
        "each output is listed once",
    ),
    Rule("labels", "graph", _labels_fit, "labels name the classes of outputs, each of them"),
    Rule("next", "state", _next_exists, "the value that it takes after a run is defined"),
)  # fmt: skip


def _inferred(graph: Graph, node: Node) -> bool:
    try:
        inferred = OPS.get(node.op).infer([graph.type(i) for i in node.inputs], node.given)
    except (UserError, ValueError, KeyError, TypeError, IndexError):
        return False  # wrong number of operands, a missing attribute or shapes that do not fit
    seen = [graph.type(o) for o in node.outputs]
    return [_bare(t) for t in inferred] == [_bare(t) for t in seen]


def _bare(type: TensorType) -> tuple[object, ...]:
    return type.shape, type.dtype


def _matches(graph: Graph, name: str) -> bool:
    return _bare(type_of(graph.constants[name])) == _bare(graph.type(name))


def _finite(graph: Graph, name: str) -> bool:
    array = graph.constants[name]
    return array.dtype.kind != "f" or bool(np.all(np.isfinite(array)))


def _state_consistent(graph: Graph, state: State) -> bool:
    own = graph.type(state.name)
    return _bare(type_of(state.initial)) == _bare(own) and own == graph.type(state.next)


def _axis_fits(graph: Graph, name: str) -> bool:
    type = graph.type(name)
    if type.quant is None or type.quant.axis is None:
        return True
    axis = type.quant.axis
    return 0 <= axis < len(type.shape) and type.shape[axis] == len(type.quant.scale)


def _zero_point_fits(graph: Graph, name: str) -> bool:
    type = graph.type(name)
    if type.quant is None or type.dtype == "float32":
        return True
    limits = np.iinfo(type.dtype)
    return all(limits.min <= z <= limits.max for z in type.quant.zero_point)


TYPES: tuple[Rule, ...] = (
    Rule(
        "infer", "node", _inferred,
        "operands, attributes and result types must agree with the operation's inference",
    ),
    Rule("constant", "constant", _matches, "the array must have the declared shape and dtype"),
    Rule("finite", "constant", _finite, "constants hold no NaN and no infinity"),
    Rule(
        "state", "state", _state_consistent,
        "initial content and next value must have the state's own type",
    ),
    Rule(
        "state-finite", "state",
        lambda g, s: bool(np.all(np.isfinite(s.initial))),
        "initial content holds no NaN and no infinity",
    ),
    Rule(
        "quant-axis", "value", _axis_fits,
        "a per-axis Quant needs one scale per index of an axis that exists",
    ),
    Rule(
        "zero-point", "value", _zero_point_fits,
        "zero points lie in the range of the value's dtype",
    ),
)  # fmt: skip


FLOAT: tuple[Rule, ...] = (
    Rule(
        "no-int8", "value",
        lambda g, v: g.type(v).dtype != "int8" or g.type(v).quant is None,
        "the float dialect has no int8 values that stand for real numbers",
    ),
    Rule(
        "no-requantize", "node",
        lambda g, n: not OPS.get(n.op).quantises,
        "the float dialect has no operation that makes integers stand for real numbers",
    ),
)  # fmt: skip


def _computed(graph: Graph) -> set[str]:
    return {o for n in graph.nodes for o in n.outputs}


LOWERED: tuple[Rule, ...] = (
    Rule(
        "identifiers", "graph",
        lambda g, _: all(
            _IDENTIFIER.match(i) for i in [g.name, *g.types, *(n.name for n in g.nodes)]
        ),
        "all names are C identifiers",
    ),
    Rule(
        "distinct-names", "graph",
        lambda g, _: len({t.lower() for t in g.types}) == len(g.types)
        and len({n.name.lower() for n in g.nodes}) == len(g.nodes),
        "names differ by more than upper and lower case (they become macros)",
    ),
    Rule(
        "size", "value",
        lambda g, v: g.type(v).nbytes < 2**31,
        "a value has less than 2^31 bytes (kernels count in int32)",
    ),
    Rule(
        "computed-outputs", "graph",
        lambda g, _: set(g.outputs) <= _computed(g),
        "every output is computed by a node (no input, constant or state passed through)",
    ),
    Rule(
        "computed-next", "state",
        lambda g, s: s.next == s.name or s.next in _computed(g),
        "its next value is computed by a node, or the state keeps itself",
    ),
)  # fmt: skip

DIALECTS: dict[str, tuple[Rule, ...]] = {
    "float": FLOAT,
    "quantised": (),
    "lowered": LOWERED,
}
UNKNOWN_DIALECT = Rule(
    "dialect", "graph", lambda g, _: False, f"the dialect is one of {', '.join(DIALECTS)}"
)
