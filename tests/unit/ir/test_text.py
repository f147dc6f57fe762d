"""The text form: reads well, round-trips, and says what is wrong with a text."""

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.text import contents, digest, from_text, graph_hash, to_text
from tinsmith.ir.types import Quant, TensorType


def tiny() -> Graph:
    b = Builder("tiny", "quantised")
    b.stage = 'a "stage" } : float32[1] @x "'
    x = b.input("x 1", TensorType((1, 2), "int8", Quant((0.1,), (-3,))))
    w = b.constant("w", np.ones((2, 2), np.int8), Quant((1 / 3, 0.2), (0, 0), 0))
    y = b.op("dense", x, w, b.constant("b", np.zeros(2, np.int32)), name="y")
    s = b.state("s", np.zeros((1, 2), np.int32), b.type(y).quant)
    b.update(s, y)
    return b.build([y])


def test_round_trip_and_canonical() -> None:
    graph = tiny()
    again = from_text(to_text(graph), contents(graph))
    assert to_text(again) == to_text(graph)
    assert (again.nodes, again.types, again.inputs) == (graph.nodes, graph.types, graph.inputs)
    reordered = graph.with_(constants=dict(reversed(graph.constants.items())))
    assert graph_hash(reordered) == graph_hash(graph)


def test_reads_as_documented() -> None:
    text = to_text(tiny())
    assert 'input %"x 1" : int8[1x2] q(0.1;-3)' in text
    assert '%y = dense(%"x 1", %w, %b) {} : int32[1x2] q(' in text
    assert "state %s : int32[1x2]" in text and " next %y" in text


def test_attributes_of_every_kind_round_trip() -> None:
    attrs = {"i": -1, "f": 1e-30, "s": "}'\" : x @", "b": True, "t": (1, 2), "u": (0.5,), "e": ()}
    node = Node("n", "relu", ("x",), ("y",), attrs, "st")
    type = TensorType((), "float32")
    graph = Graph("g", "float", ("x",), ("y",), (node,), {"x": type, "y": type})
    again = from_text(to_text(graph), {})
    assert again == graph
    assert type_names(again.nodes[0].attrs) == type_names(attrs)


def type_names(attrs: object) -> list[str]:
    return [type(v).__name__ for _, v in sorted(attrs.items())]  # type: ignore[attr-defined]


def test_the_hash_of_a_graph_is_that_of_earlier_versions() -> None:
    """Lock files and generated sources name it."""
    known = "6bb6dab215b803821a52e6fca0380ba7d7314704ed3cb31c68f7f62506d3ed39"
    assert graph_hash(tiny()) == known


@pytest.mark.parametrize("line", ["entry init", "entry run period 0.1", "entry run period 1e-05"])
def test_a_statement_of_earlier_versions_is_still_read(line: str) -> None:
    """It named the functions of the module, which are always the same."""
    graph = tiny()
    again = from_text(f"{to_text(graph)}{line}\n", contents(graph))
    assert to_text(again) == to_text(graph)


def test_content_hash_sees_every_bit() -> None:
    a = np.float32([0.0])
    assert digest(a) != digest(np.float32([-0.0]))
    assert digest(a) != digest(a.reshape(1, 1))
    assert digest(a) != digest(np.int32([0]))
    assert digest(a.astype(">f4")) == digest(a)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "ir.text.syntax"),
        ("something else\n", "ir.text.syntax"),
        ('tinsmith-ir 1\ngraph "g" spoken\n', "ir.text.syntax"),
        ("tinsmith-ir 1\n%y = relu(%x) {} : float99[1] @y \"\"\n", "ir.text.syntax"),
        ("tinsmith-ir 1\n%y = relu(%x) {print(1)} : float32[1] @y \"\"\n", "ir.text.syntax"),
        ("tinsmith-ir 1\nentry fly\n", "ir.text.syntax"),
        ("tinsmith-ir 1\nconst %w : float32[1] = sha256:00\n", "ir.text.constant"),
    ],
)  # fmt: skip
def test_bad_texts_are_refused_with_the_line(text: str, code: str) -> None:
    with pytest.raises(UserError) as e:
        from_text(text, {})
    assert e.value.code == code


def test_another_constant_is_refused() -> None:
    graph = tiny()
    wrong = contents(graph) | {"w": np.zeros((2, 2), np.int8)}
    with pytest.raises(UserError, match="'w' is not the one"):
        from_text(to_text(graph), wrong)
