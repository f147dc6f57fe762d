"""Stores what a constant repeats once: operations on two tensors repeat their second operand.

Files hold limits, gains and offsets as large as the activation that they meet; one number, or one
row of the last axes, says the same and costs neither flash nor reading it.
"""

from math import prod

import numpy as np

from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.op import OPS, ShapeError
from tinsmith.ir.types import TensorType, type_of
from tinsmith.rewrite._pass import Pass


def rewrite(graph: Graph) -> Graph:
    """Shrink every constant all of whose readers repeat it; the very same object where none is.

    Constants that are outputs or next states keep their shape, and so do those with a scale per
    channel.
    """
    kept = {*graph.outputs, *(s.next for s in graph.states)}
    readers: dict[str, list[Node]] = {}
    for node in graph.nodes:
        for value in node.inputs:
            readers.setdefault(value, []).append(node)
    constants, types = dict(graph.constants), dict(graph.types)
    for name, array in graph.constants.items():
        quant, small = graph.type(name).quant, shrunk(array)
        if name in kept or name not in readers or small is array:
            continue
        if quant is not None and quant.axis is not None:
            continue
        if all(_repeats(graph, n, name, type_of(small, quant)) for n in readers[name]):
            constants[name], types[name] = small, type_of(small, quant)
    if all(constants[k] is c for k, c in graph.constants.items()):
        return graph
    return graph.with_(constants=constants, types=types)


def shrunk(array: np.ndarray) -> np.ndarray:
    """The last axes of an array, as few as say all of it; one element where all are the same; the
    very same object where it repeats nothing."""
    if array.size == 1:
        return array
    bits = np.ascontiguousarray(array).view(f"V{array.itemsize}")  # 0 is not -0
    if np.all(bits == bits.reshape(-1)[0]):
        return np.array(array.reshape(-1)[:1])
    for axis in range(array.ndim - 1, 0, -1):
        rows = bits.reshape(-1, prod(array.shape[axis:]))
        if len(rows) > 1 and np.all(rows == rows[0]):
            return np.array(array.reshape(len(rows), *array.shape[axis:])[0])
    return array


def _repeats(graph: Graph, node: Node, name: str, small: TensorType) -> bool:
    """Whether a node makes the same of a smaller second operand."""
    op = OPS.get(node.op)
    if op.pointwise != 2 or node.inputs[1:] != (name,) or node.inputs[0] == name:
        return False
    try:
        results = op.infer([graph.type(node.inputs[0]), small], node.attrs)
    except ShapeError:
        return False
    return [t.shape for t in results] == [graph.type(o).shape for o in node.outputs]


PASS = Pass("shrink_constants", requires=("float", "quantised", "lowered"), rewrite=rewrite)
