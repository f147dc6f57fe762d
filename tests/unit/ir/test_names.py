"""Names of ops stand in the sources as text; each is one of the catalogue."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tinsmith
from tinsmith.compress.rules import _OWN
from tinsmith.ir.op import OPS
from tinsmith.prove.scales import FITS

SOURCES = Path(tinsmith.__file__).parent
FOREIGN = {"call_function", "placeholder", "output"}
"""Kinds of nodes of torch's own graphs, which call them `op` as well."""
PLACES = {"op": 0, "Node": 1, "combined": 1, "paired": 1}
"""Functions that take an op's name -> the place of it among their arguments."""


def texts(expression: ast.expr) -> Iterator[str]:
    """The texts that an expression may be: one, one of two, or those of a tuple."""
    if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
        yield expression.value
    elif isinstance(expression, ast.IfExp):
        yield from texts(expression.body)
        yield from texts(expression.orelse)
    elif isinstance(expression, ast.Tuple | ast.Set | ast.List):
        for part in expression.elts:
            yield from texts(part)


def names(source: str) -> Iterator[str]:
    """What is taken for the name of an op: ``b.op("name", ...)``, ``OPS.get("name")``,
    ``Node(name, "name", ...)`` and ``node.op == "name"`` or ``in`` several."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Attribute):
            if node.left.attr == "op":
                for other in node.comparators:
                    yield from texts(other)
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            place = 0 if called == "OPS.get" else PLACES.get(called.rpartition(".")[2])
            if place is not None and len(node.args) > place:
                yield from texts(node.args[place])


def unknown(source: str) -> list[str]:
    known = {*OPS.names(), *FOREIGN}
    return [name for name in names(source) if name not in known]


def test_each_name_of_an_op_in_the_sources_exists() -> None:
    files = sorted(SOURCES.rglob("*.py"))
    found = {str(p.relative_to(SOURCES)): unknown(p.read_text("utf-8")) for p in files}
    assert {path: wrong for path, wrong in found.items() if wrong} == {}
    assert sum(len(list(names(p.read_text("utf-8")))) for p in files) > 200


def test_tables_by_op_hold_ops_that_exist() -> None:
    behind = {name for op in OPS.all() for name in op.followed_by}
    assert behind and set(_OWN) | set(FITS) | behind <= set(OPS.names())


@pytest.mark.parametrize(
    "planted",
    [
        'b.op("minimum", x, y)',
        'b.op("min" if low else "minimum", x, y)',
        'OPS.get("minimum").infer',
        'Node(name, "minimum", (x,), (y,))',
        'paired(b, "minimum", x, y)',
        'node.op == "minimum"',
        'graph.nodes[0].op in ("add", "minimum")',
    ],
)
def test_a_wrong_name_is_found(planted: str) -> None:
    assert unknown(planted) == ["minimum"]
    assert unknown(planted.replace("minimum", "max")) == []
