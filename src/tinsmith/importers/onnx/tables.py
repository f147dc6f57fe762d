"""Texts and doubles that are looked up in constant tables: only their indices are computed.

Operators that move elements move the indices; a conversion to a type that has tensors converts the
table. At the end of a model the index of a text stands for the text; the stage of the node that
computes it lists the texts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from tinsmith.compose.elementwise import cast
from tinsmith.compose.movement import gather
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.operator import Operator, Results
from tinsmith.importers.onnx.parse import dtype_name
from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.values import Chosen, Value, contents, plain
from tinsmith.ir.builder import Builder
from tinsmith.ir.types import SIZES

MOST_TEXT = 400
MOST_WORD = 40


def classes(words: Sequence[object]) -> str:
    """A stage that lists classes."""
    return ("classes " + ", ".join(str(w)[:MOST_WORD] for w in words))[:MOST_TEXT]


def chosen(b: Builder, table: np.ndarray, index: str, name: str = "") -> Value:
    """table[index], for a table [count] of any type.

    Args:
        index: int32 or int64 of any shape, 0..count-1.
    """
    if table.dtype.name in SIZES:
        return b.renamed(gather(b, b.constant("table", table), index, 0), name)
    if table.dtype.kind not in "OSUf":
        raise Unsupported(f"it looks up {table.dtype}")
    stage = b.stage
    if table.dtype.kind in "OSU":
        b.stage = classes([plain(w) for w in table.tolist()])
    wide = b.renamed(cast(b, index, "int64"), name)
    if wide == index:
        wide = reshaped(b, index, name)
    if table.dtype.kind in "OSU" and b.type(wide).elements == 1:
        b.label(wide, (plain(w) for w in table.tolist()))
    b.stage = stage
    return Chosen(table, wide)


def reshaped(b: Builder, x: str, name: str) -> str:
    """The same value in a node of its own, which carries the stage."""
    return b.op("reshape", x, shape=b.type(x).shape, name=name)


def _move(use: Use, operator: Operator) -> Results:
    """The operator on the indices."""
    node, value = use.node, use.raw(0)
    assert isinstance(value, Chosen)
    places = f"{node.inputs[0]}#places"
    use.t.values[places] = value.index
    use.node = replace(node, inputs=(places, *node.inputs[1:]))
    moved = operator.translate(use)
    assert isinstance(moved, str)
    return Chosen(value.table, moved)


def _cast(use: Use, operator: Operator) -> Results:
    value, wanted = use.raw(0), dtype_name(use.integer("to"))
    assert isinstance(value, Chosen)
    if value.texts or wanted == "string":
        if value.texts and wanted == "string":
            return value
        raise Unsupported(f"it converts {contents(value)} to {wanted}")
    with np.errstate(all="ignore"):
        table = value.table.astype(wanted)
    if table.dtype.kind == "f" and not np.isfinite(table).all():
        raise Unsupported(f"it converts numbers that {wanted} does not hold")
    return chosen(use.b, table, value.index, use.name)


MOVES: Mapping[tuple[str, str], Callable[[Use, Operator], Results]] = {
    **{("", kind): _move for kind in (
        "Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Transpose",
    )},
    ("", "Cast"): _cast,
}  # fmt: skip
"""(domain, name) -> what the operator does to elements that are not computed."""
