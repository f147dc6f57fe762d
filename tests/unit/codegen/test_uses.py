"""What kernels see of a node that takes rows of its operand first."""

import numpy as np
import pytest

from tinsmith.codegen.kernel_set import SETS
from tinsmith.codegen.program import Call
from tinsmith.codegen.select import select
from tinsmith.codegen.uses import offers_of, use_of
from tinsmith.devices.board import BOARDS
from tinsmith.ir.graph import Attr, Graph, Node, Part
from tinsmith.ir.interp import run_cases
from tinsmith.ir.op import In
from tinsmith.ir.types import TensorType

PICTURE, ROWS = TensorType((1, 6, 4, 2), "float32"), TensorType((1, 3, 4, 2), "float32")
TAKEN: dict[str, Attr] = {"axis": 1, "start": 2, "size": 3}
REF = [SETS.get("ref")]


def graph(
    second: Part, made: TensorType, attrs: dict[str, Attr] = TAKEN, x: TensorType = PICTURE
) -> Graph:
    """One fused node: rows of x, then something of them."""
    own = list(x.shape)
    own[int(str(attrs["axis"]))] = int(str(attrs["size"]))
    rows = TensorType(tuple(own), "float32")
    parts = (Part("rows", "slice", (0,), attrs, "rows", rows), second)
    node = Node("y", "fused", ("x",), ("y",), {}, "stage", parts)
    return Graph("net", "lowered", ("x",), ("y",), (node,), {"x": x, "y": made})


def offer(of: Graph) -> Call:
    (found,) = offers_of(of, of.nodes[0], REF)
    return found


def test_a_kernel_reads_rows_where_they_lie() -> None:
    rows = graph(Part("y", "relu", (1,), {}, "y", ROWS), ROWS)
    use = use_of(rows, rows.nodes[0])
    assert (use.op, use.site.inputs, use.site.outputs) == ("relu", (ROWS,), (ROWS,))
    call = offer(rows)
    assert call.binding.arguments[0] == In(0, 2 * 4 * 2 * 4)
    # element by element: the result may begin where the rows do, and no further on
    assert call.distances(0).least == -2 * 4 * 2 * 4


def test_rows_outside_are_never_read() -> None:
    rows = graph(Part("y", "relu", (1,), {}, "y", ROWS), ROWS)
    reads, writes = offer(rows).binding.orders[0].times()
    assert len(reads) == PICTURE.elements and len(writes) == ROWS.elements
    assert np.flatnonzero(reads > writes.min()).tolist() == list(range(17, 40))


@pytest.mark.parametrize("case", ["columns", "odd address", "read directly, too"])
def test_what_does_not_lie_together_is_copied(case: str) -> None:
    """Then the slice is a step of its own."""
    if case == "columns":
        made = TensorType((1, 6, 2, 2), "float32")
        one = Part("y", "relu", (1,), {}, "y", made)
        found = graph(one, made, {"axis": 2, "start": 1, "size": 2})
    elif case == "odd address":
        made = TensorType((1, 3, 3, 1), "float32")
        x = TensorType((1, 6, 3, 1), "float32")
        one = Part("y", "relu", (1,), {}, "y", made)
        found = graph(one, made, {"axis": 1, "start": 1, "size": 3}, x)
        two_rows = graph(one, made, TAKEN, x)  # 24 bytes
        assert use_of(two_rows, two_rows.nodes[0]).op == "relu"
    else:
        attrs: dict[str, Attr] = {"axis": 1, "start": 0, "size": 6}
        found = graph(Part("y", "add", (0, 1), {}, "y", PICTURE), PICTURE, attrs)
    assert use_of(found, found.nodes[0]).op == "fused"
    made_of = select(found, BOARDS.get("host").core)
    assert next(c.node.op for c in made_of.calls) == "slice"
    shape = (1, *found.type("x").shape)
    given = {"x": np.random.default_rng(1).normal(size=shape).astype(np.float32)}
    want, got = (run_cases(g, given)["y"] for g in (found, made_of.graph))
    assert want.tobytes() == got.tobytes()
