"""Stores what a constant repeats once: operations on elements repeat their smaller operands; and
what several constants say alike, once.

Files hold limits, gains and offsets as large as the activation that they meet; one number, or
numbers along some axes, say the same and cost neither flash nor reading them.
"""

from collections.abc import Mapping, Set
from dataclasses import replace
from hashlib import sha256

import numpy as np

from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.op import OPS, ShapeError
from tinsmith.ir.types import TensorType, type_of
from tinsmith.rewrite._pass import Pass
from tinsmith.rewrite._readers import readers_of


def rewrite(graph: Graph) -> Graph:
    """Shrink every constant all of whose readers repeat it, and share those that are equal; the
    very same object where there is none.

    Constants that are outputs or next states keep their shape, and so do those with a scale per
    channel.
    """
    kept = {*graph.outputs, *(s.next for s in graph.states)}
    return _shared(_smaller(graph, kept), kept)


def _smaller(graph: Graph, kept: Set[str]) -> Graph:
    """Constants without what their readers repeat."""
    readers = readers_of(graph)
    constants, types = dict(graph.constants), dict(graph.types)
    for name, array in graph.constants.items():
        quant, small = graph.type(name).quant, shrunk(array)
        if name in kept or name not in readers or small is array:
            continue
        if quant is not None and quant.axis is not None:
            continue
        changed = {**types, name: type_of(small, quant)}
        if all(_repeats(n, name, changed) for n in readers[name]):
            constants[name], types = small, changed
    if all(constants[k] is c for k, c in graph.constants.items()):
        return graph
    return graph.with_(constants=constants, types=types)


def _shared(graph: Graph, kept: Set[str]) -> Graph:
    """One constant in place of all that are equal to the last bit, of one type."""
    first: dict[tuple[TensorType, bytes], str] = {}
    same: dict[str, str] = {}
    for name, array in graph.constants.items():
        known = first.setdefault((graph.type(name), sha256(array.tobytes()).digest()), name)
        if known != name and name not in kept:
            same[name] = known
    if not same:
        return graph
    nodes = tuple(
        replace(n, inputs=tuple(same.get(i, i) for i in n.inputs))
        if same.keys() & set(n.inputs) else n
        for n in graph.nodes
    )  # fmt: skip
    return graph.with_(
        nodes=nodes,
        constants={k: c for k, c in graph.constants.items() if k not in same},
        types={k: t for k, t in graph.types.items() if k not in same},
    )


def shrunk(array: np.ndarray) -> np.ndarray:
    """The axes of an array that say all of it, with 1 for those behind them, none for those before
    them; one element where all are the same; the very same object where it repeats nothing."""
    if array.size == 1:
        return array
    bits = np.ascontiguousarray(array).view(f"V{array.itemsize}")  # 0 is not -0
    told = [i for i in range(array.ndim) if np.any(bits != bits.take([0], i))]
    if not told:
        return np.array(array.reshape(-1)[:1])
    first, end = told[0], told[-1] + 1
    if all(d == 1 for d in (*array.shape[:first], *array.shape[end:])):
        return array
    ends = (slice(0, 1),) * (array.ndim - end)
    return np.array(array[(0,) * first + (slice(None),) * (end - first) + ends])


def _repeats(node: Node, name: str, types: Mapping[str, TensorType]) -> bool:
    """Whether a node makes the same of a constant that is smaller now."""
    op = OPS.get(node.op)
    read = [i for i, v in enumerate(node.inputs) if v == name]
    if op.pointwise < 2 or any(i >= op.pointwise for i in read):
        return False
    try:
        results = op.infer([types[i] for i in node.inputs], node.attrs)
    except ShapeError:
        return False
    return [t.shape for t in results] == [types[o].shape for o in node.outputs]


PASS = Pass("shrink_constants", requires=("float", "quantised", "lowered"), rewrite=rewrite)
