"""Joins functions of single 8-bit values: into one table, or into the clamp of what makes them.

What a node on elements makes of an 8-bit value is known for all 256 of them. So a table of a table
is one table, and so is an integer that becomes real, goes through functions and is an integer
again. What a function does within the bounds of its operand may be nothing, or no more than a
clamp (a rectifier, say), which `requantize` does on its way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinsmith.ir.graph import Attr, Graph, Node
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS, ShapeError, Site
from tinsmith.ir.types import TensorType, type_of
from tinsmith.rewrite import eliminate_dead
from tinsmith.rewrite._bounds import Bounds, bounds_of
from tinsmith.rewrite._constants import evaluate
from tinsmith.rewrite._pass import Pass
from tinsmith.rewrite._readers import readers_of

BYTES = ("int8", "uint8")
CLAMPED = (*BYTES, "int16")
"""Types small enough to try every value."""
CLAMPING = ("add", "avg_pool2d", "max_pool2d")
"""Operations besides `requantize` that clamp integers to attributes act_min and act_max."""


def rewrite(graph: Graph) -> Graph:
    """Join all that can be; the very same object where nothing can."""
    while True:
        joined = _tabled(_clamped(graph))
        if joined is graph:
            return graph
        graph = eliminate_dead.rewrite(joined)


@dataclass(frozen=True)
class _Uses:
    """Who reads and makes values, and which have to keep their names."""

    readers: Mapping[str, Sequence[Node]]
    makers: Mapping[str, Node]
    kept: frozenset[str]

    @classmethod
    def of(cls, graph: Graph) -> "_Uses":
        """Of all values of a graph."""
        kept = frozenset({*graph.outputs, *(s.next for s in graph.states)})
        return cls(readers_of(graph), {o: n for n in graph.nodes for o in n.outputs}, kept)

    def alone(self, value: str) -> bool:
        """Whether one operand alone is this value."""
        return len(self.readers.get(value, ())) == 1 and value not in self.kept


def is_function(graph: Graph, node: Node) -> bool:
    """Whether a node makes each element of one element of its first operand, alike for all."""
    op, x = OPS.get(node.op), graph.type(node.inputs[0])
    others = node.inputs[1:]
    if not op.pointwise or len(node.outputs) > 1 or node.inputs[0] in graph.constants:
        return False
    if any(i not in graph.constants for i in others) or not (
        _plain(x) and _plain(_made(graph, node))
    ):
        return False
    try:  # what it takes for a single element is not one per channel
        (one,) = op.infer([replace(x, shape=(1,)), *map(graph.type, others)], node.attrs)
    except ShapeError:
        return False
    return one.shape == (1,)


def _made(graph: Graph, node: Node) -> TensorType:
    return graph.type(node.outputs[0])


def _plain(type: TensorType) -> bool:
    return type.quant is None or type.quant.axis is None


def _values(graph: Graph, chain: Sequence[Node]) -> np.ndarray:
    """What functions one after the other make of every value of their operand, the lowest first."""
    limits = np.iinfo(graph.type(chain[0].inputs[0]).dtype)
    values = np.arange(limits.min, limits.max + 1).astype(limits.dtype)
    for node in chain:
        site, others = site_of(graph, node), [graph.constants[i] for i in node.inputs[1:]]
        x, y = (replace(t, shape=values.shape) for t in (site.inputs[0], site.outputs[0]))
        (values,) = evaluate(
            node.op, [values, *others], Site(site.attrs, (x, *site.inputs[1:]), (y,))
        )
    return values


def _clamped(graph: Graph) -> Graph:
    """Functions that do nothing left out, those that clamp done by what makes their operand."""
    uses, bounds = _Uses.of(graph), bounds_of(graph)
    makers: dict[str, Node] = {}
    source: dict[str, str] = {}
    gone: set[str] = set()
    for node in graph.nodes:
        x, y = node.inputs[0], node.outputs[0]
        ends = _ends(graph, node, bounds)
        if ends is None:
            continue
        whole = ends == (bounds[x].low.min(), bounds[x].high.max())
        maker = uses.makers.get(x)
        if whole and graph.type(x) == graph.type(y) and y not in uses.kept:
            source[y] = x
            gone.add(node.name)
        elif maker is not None and maker.name not in {*makers, *gone} and uses.alone(x):
            clamping = _clamping(graph, maker, node, ends)
            if clamping is not None:
                makers[maker.name] = clamping
                gone.add(node.name)
    return _left_out(graph, makers, source, gone)


def _left_out(
    graph: Graph, makers: Mapping[str, Node], source: Mapping[str, str], gone: set[str]
) -> Graph:
    if not gone:
        return graph
    nodes = []
    for node in graph.nodes:
        if node.name in gone:
            continue
        inputs = []
        for value in node.inputs:
            while value in source:
                value = source[value]
            inputs.append(value)
        nodes.append(replace(makers.get(node.name, node), inputs=tuple(inputs)))
    made = {o for n in nodes for o in n.outputs}
    was = {o for n in graph.nodes for o in n.outputs}
    types = {k: t for k, t in graph.types.items() if k not in was or k in made}
    return graph.with_(nodes=tuple(nodes), types=types)


def _ends(graph: Graph, node: Node, bounds: Mapping[str, Bounds]) -> tuple[int, int] | None:
    """The lowest and highest result of a function that, within the bounds of its operand, does no
    more than clamp it."""
    x, y = graph.type(node.inputs[0]), _made(graph, node)
    if x.dtype not in CLAMPED or y.dtype != x.dtype or not is_function(graph, node):
        return None
    own, least = bounds[node.inputs[0]], np.iinfo(x.dtype).min
    low, high = int(own.low.min()), int(own.high.max())
    made = _values(graph, [node])[low - least : high - least + 1].astype(np.int64)
    first, last = int(made[0]), int(made[-1])
    seen = np.arange(low, high + 1)
    clamps = first <= last and np.array_equal(made, np.clip(seen, first, last))
    return (first, last) if clamps else None


def _clamping(graph: Graph, maker: Node, node: Node, ends: tuple[int, int]) -> Node | None:
    """What makes a value, with the clamp of the function behind it; None where it has no clamp.

    `requantize` is told the result's scale and zero point by factors and attributes, others by its
    type: that must be the same for them.
    """
    before, behind = _made(graph, maker), _made(graph, node)
    told = maker.op == "requantize" and before.shape == behind.shape
    if not told and (before != behind or maker.op not in CLAMPING):
        return None
    act: dict[str, Attr] = {"act_min": ends[0], "act_max": ends[1]}
    return replace(maker, outputs=node.outputs, attrs={**maker.attrs, **act})


def _tabled(graph: Graph) -> Graph:
    """Chains of functions as one table each."""
    uses, made = _Uses.of(graph), {}
    taken: set[str] = set()
    for node in reversed(graph.nodes):
        chain = [] if node.name in taken else _chain(graph, node, uses)
        if len(chain) > 1:
            taken |= {n.name for n in chain}
            made[node.name] = chain
    if not made:
        return graph
    types, constants = dict(graph.types), dict(graph.constants)
    nodes = {}
    for name, chain in made.items():
        table, array = f"{name}_table", _values(graph, chain)
        while table in types:
            table += "_"
        types[table], constants[table] = type_of(array, _made(graph, chain[-1]).quant), array
        inputs = (chain[0].inputs[0], table)
        nodes[name] = replace(chain[-1], op="lookup", inputs=inputs, attrs={})
    return graph.with_(
        nodes=tuple(nodes.get(n.name, n) for n in graph.nodes), types=types, constants=constants
    )


def _chain(graph: Graph, node: Node, uses: _Uses) -> list[Node]:
    """The longest chain of functions up to a node from 8 bits to 8 bits; empty unless it saves a
    table, or spares real numbers."""
    if _made(graph, node).dtype not in BYTES or not is_function(graph, node):
        return []
    found, chain = [], [node]
    while True:
        x = chain[0].inputs[0]
        if graph.type(x).dtype in BYTES:
            found = list(chain)
        maker = uses.makers.get(x)
        if maker is None or not uses.alone(x) or not is_function(graph, maker):
            break
        chain.insert(0, maker)
    tables = [n.inputs[1] for n in found if n.op == "lookup"]
    real = any(_made(graph, n).dtype == "float32" for n in found)
    return found if real or any(uses.alone(t) for t in tables) else []


PASS = Pass("merge_tables", requires=("float", "quantised"), rewrite=rewrite)
