"""Branches whose condition is known at import.

Source: ONNX operators (onnx/docs/Operators.md).
"""

from tinsmith.ir.onnx.registry import Operator
from tinsmith.ir.onnx.use import Use
from tinsmith.ir.onnx.values import Value


def _if(use: Use) -> list[Value]:
    """The branch that is taken, in place."""
    taken = use.constant(0).ravel()[0]
    return use.t.inline(use.subgraph("then_branch" if taken else "else_branch"))


OPERATORS = (
    Operator(
        "If", _if, ("float32", "int8", "uint8", "int16", "int32", "int64", "bool"),
        note="the condition must be known at import",
    ),
)  # fmt: skip
