"""Operator: how one operator of ONNX is translated.

A module of the folders `operators` and `ml` has a tuple ``OPERATORS`` of `Operator`. Its
``translate`` gets a `Use` (`use.py`), appends nodes to ``use.b`` (a Builder) by the functions of
`tinsmith.compose`, and returns the result: a value's name, an array that is known at import, or a
list of those, one per result of the node (None for a result that is not computed: reading it is
refused). What cannot be expressed raises `Unsupported("clause that says why")`; UserErrors of the
builder and of compose become refusals too. Example::

    def scaler(use: Use) -> str:
        offset, scale = use.floats("offset"), use.floats("scale")
        x = use.value(0)                     # float32 value; constants are added as needed
        centred = binary(use.b, "sub", x, use.constant_of(np.float32(offset), "offset"))
        return binary(use.b, "mul", centred, use.constant_of(np.float32(scale)), name=use.name)

    OPERATORS = (Operator("Scaler", scaler, ("float32",), domain="ai.onnx.ml"),)

Functions that take no name (those outside `compose/elementwise`) get theirs afterwards:
``use.b.renamed(transpose(use.b, x, order), use.name)``.

``use.known(0)`` is an operand's array, or None where it is computed when the model runs;
``use.constant(0)`` refuses the latter. ``fold`` evaluates the operator where all operands are
known (shape arithmetic); where it is None, the nodes are appended and folded by the compiler.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.values import Value

Results = Value | Sequence[Value | None]


@dataclass(frozen=True)
class Operator:
    """How one operator is translated; see the module's docstring.

    Args:
        name: as in ONNX.
        translate: appends nodes, returns the result or results.
        types: what it takes and computes in.
        domain: "" for ai.onnx.
        note: what of it is refused; for the support table.
        fold: the same on arrays (``use.constant``), or None.
    """

    name: str
    translate: Callable[[Use], Results]
    types: tuple[str, ...]
    domain: str = ""
    note: str = ""
    fold: Callable[[Use], np.ndarray | Sequence[np.ndarray]] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """(domain, name)"""
        return self.domain, self.name
