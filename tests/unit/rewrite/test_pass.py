"""The contract of a pass: checked before and after, errors name the pass and chain the cause."""

import pytest

from tinsmith.core.errors import InternalError, UserError
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.rules import SpecError
from tinsmith.ir.types import TensorType
from tinsmith.rewrite import Pass


@pytest.fixture
def graph() -> Graph:
    b = Builder("net")
    return b.build([b.op("relu", b.input("x", TensorType((2,), "float32")), name="y")])


def test_returns_what_the_rewrite_returns(graph: Graph) -> None:
    assert Pass("nothing", ("float",), lambda g: g)(graph) is graph


def test_refuses_a_dialect_that_it_does_not_take(graph: Graph) -> None:
    with pytest.raises(InternalError, match=r"pass late: takes .*lowered.*, got a float graph"):
        Pass("late", ("lowered",), lambda g: g)(graph)


def test_a_result_that_breaks_the_grammar_is_the_pass_s_fault(graph: Graph) -> None:
    with pytest.raises(InternalError, match="pass bad") as e:
        Pass("bad", ("float",), lambda g: g.with_(outputs=()))(graph)
    assert isinstance(e.value.__cause__, SpecError)


def test_promises_are_checked(graph: Graph) -> None:
    for broken in (
        Pass("p", ("float",), lambda g: g, ensures="lowered"),
        Pass("p", ("float",), lambda g: g.with_(dialect="quantised")),
        Pass("p", ("float",), lambda g: g, holds=lambda g: not g.nodes),
    ):
        with pytest.raises(InternalError, match="breaks its own promise"):
            broken(graph)


def test_a_user_error_passes_through(graph: Graph) -> None:
    def rewrite(g: Graph) -> Graph:
        raise UserError("a.b", "No.")

    with pytest.raises(UserError, match="No"):
        Pass("p", ("float",), rewrite)(graph)


def test_any_other_error_is_chained(graph: Graph) -> None:
    with pytest.raises(InternalError, match="pass p: boom") as e:
        Pass("p", ("float",), lambda g: _boom())(graph)
    assert isinstance(e.value.__cause__, RuntimeError)


def _boom() -> Graph:
    raise RuntimeError("boom")
