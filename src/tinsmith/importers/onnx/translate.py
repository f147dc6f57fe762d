"""Translation of a parsed ONNX model, node by node, into a graph."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NoReturn

import numpy as np

from tinsmith.importers.onnx.content import NEWEST, OLDEST
from tinsmith.importers.onnx.fuse import fused
from tinsmith.importers.onnx.interface import bind, finish
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.parse import Model, OpNode
from tinsmith.importers.onnx.refusal import refuse
from tinsmith.importers.onnx.state import Translation
from tinsmith.importers.onnx.tables import MOVES
from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.values import Chosen
from tinsmith.ir.graph import Graph

_NAMED = 4
"""Operators that a refusal names."""
Operators = Mapping[tuple[str, str], Operator]


def translate(model: Model, name: str, operators: Operators) -> Graph:
    """A graph that computes what the model computes.

    Args:
        model: the file.
        name: the graph's name.
        operators: (domain, name) -> how an operator is translated.

    Raises:
        UserError: ``import.onnx.opset``, ``.op`` (an operator that is not supported, or a use of
            one; names operator and node), ``.constant``, ``.type``, ``.shape``, ``.broken``.
    """
    version = model.opsets.get("", NEWEST)
    if not OLDEST <= version <= NEWEST:
        refuse(
            "opset",
            f"The model uses version {version} of the operators ai.onnx.",
            f"Read are versions {OLDEST} to {NEWEST}; export again or convert it.",
        )
    missing = [n for n in model.graph.nodes if (n.domain, n.kind) not in operators]
    if missing:
        _refuse_operators(missing)
    t = Translation(model, name, partial(_one, operators))
    bind(t)
    t.nodes(model.graph.nodes)
    return finish(t)


def _refuse_operators(nodes: Sequence[OpNode]) -> NoReturn:
    """Name each operator that there is no rule for by its first node."""
    first: dict[tuple[str, str], OpNode] = {}
    for node in nodes:
        first.setdefault((node.domain, node.kind), node)
    named = [str(n) for n in first.values()][:_NAMED]
    rest = len(nodes) - len(named)
    more = f", and {rest} more node{'s' * (rest > 1)}" if rest else ""
    refuse("op", f"Not supported: {'; '.join(named)}{more}.", "Supported: tinsmith kinds ops onnx.")


def _one(operators: Operators, t: Translation, node: OpNode) -> None:
    """Translate a node; with it those behind it that become one layer together."""
    operator = operators.get((node.domain, node.kind))
    if operator is None:
        _refuse_operators([node])
    if fused(t, node):
        return
    results = _results(t, node, operator)
    if not isinstance(results, list | tuple):
        results = [results]
    for name, value in zip(node.outputs, results, strict=False):
        if name and value is not None:
            t.set(name, value)


def _results(t: Translation, node: OpNode, operator: Operator) -> Any:
    use = Use(t, node)
    if _reads_chosen(t, node) and operator.key in MOVES:
        return MOVES[operator.key](use, operator)
    if operator.fold and use.all_known():
        with np.errstate(all="ignore"):
            return operator.fold(use)
    return operator.translate(use)


def _reads_chosen(t: Translation, node: OpNode) -> bool:
    """Whether the first operand is elements of a table that are not computed."""
    return bool(node.inputs) and isinstance(t.values.get(node.inputs[0]), Chosen)
