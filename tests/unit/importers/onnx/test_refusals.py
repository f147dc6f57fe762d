"""Refusals: they name operators, nodes and operands of the file, in a few lines."""

import numpy as np
import pytest
from onnx import helper
from onnxes import info, model

from tinsmith.core.errors import UserError
from tinsmith.importers.onnx.convert import from_bytes

BYTE, WEIGHTS = np.uint8(3), np.ones((2, 2), np.uint8)
SCALES = {"xs": np.float32(0.1), "xz": BYTE, "ws": np.float32(0.1), "wz": BYTE}
SCALES |= {"ys": np.float32(0.2), "yz": BYTE}
ONE, TWO = ["x", "xs", "xz", "ys", "yz"], ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"]
QLINEAR = {
    "QLinearMatMul": ("", TWO), "QLinearConv": ("", TWO), "QLinearAdd": ("com.microsoft", TWO),
    "QLinearMul": ("com.microsoft", TWO), "QLinearSigmoid": ("com.microsoft", ONE),
    "QLinearLeakyRelu": ("com.microsoft", ONE), "QLinearSoftmax": ("com.microsoft", ONE),
    "QLinearAveragePool": ("com.microsoft", ONE),
    "QLinearGlobalAveragePool": ("com.microsoft", ONE),
    "QLinearConcat": ("com.microsoft", ["ys", "yz", "x", "xs", "xz"]),
    "QGemm": ("com.microsoft", ["x", "xs", "xz", "w", "ws", "wz", "", "ys", "yz"]),
}  # fmt: skip


def refused(made) -> UserError:
    with pytest.raises(UserError) as e:
        from_bytes(made.SerializeToString(), "m")
    return e.value


def qlinear(kind: str, computed: str):
    """A QLinear node; ``computed`` is an input of the model instead of a constant."""
    domain, names = QLINEAR[kind]
    pictures = "Conv" in kind or "Pool" in kind
    shape = [1, 2, 4, 4] if pictures else [2, 2]
    held = {**SCALES, "w": WEIGHTS.reshape(2, 2, 1, 1) if pictures else WEIGHTS}
    held = {k: v for k, v in held.items() if k in names and k != computed}
    dtype = "float32" if computed.endswith("s") else "uint8"
    attributes = {"QLinearConcat": {"axis": 0}, "QLinearAveragePool": {"kernel_shape": [2, 2]}}
    node = helper.make_node(
        kind, names, ["y"], name="mine", domain=domain, **attributes.get(kind, {})
    )
    inputs = [info("x", shape, "uint8"), info(computed, [], dtype)]
    return model([node], inputs, [info("y", None, "uint8")], held, com_microsoft=1)


@pytest.mark.parametrize("computed", ["ys", "yz"])
@pytest.mark.parametrize("kind", QLINEAR)
def test_scales_that_are_computed_are_refused_by_the_files_own_node(
    kind: str, computed: str
) -> None:
    e, (domain, names) = refused(qlinear(kind, computed)), QLINEAR[kind]
    operator = f"{domain}.{kind}" if domain else kind
    assert e.code == "import.onnx.constant"
    assert e.message.startswith(f"operator {operator} (node 0, 'mine'): operand ")
    assert f"operand {names.index(computed)} has to be a constant" in e.message
    assert e.hint == f"Make {computed!r} a constant."


def test_what_does_not_fit_inside_a_node_is_refused_by_that_node() -> None:
    made = qlinear("QLinearConv", "xs")
    node = made.graph.node[0]
    node.attribute.append(helper.make_attribute("group", 3))
    e = refused(made)
    assert e.message.startswith("operator QLinearConv (node 0, 'mine'): ")


def lines(e: UserError) -> int:
    """Lines of a terminal of 100 columns that a refusal takes, as the command line prints it."""
    printed = (*f"tinsmith: {e.message}".splitlines(), *f"  {e.hint}".splitlines())
    return sum(-(-len(line) // 100) for line in printed)


@pytest.mark.parametrize("length", [5, 900])
def test_models_of_many_unknown_operators_are_refused_in_five_lines(length: int) -> None:
    kind = "Strange" * (length // 7 + 1)
    nodes = [
        helper.make_node(f"{kind}{i % 40}", ["x"], [f"y{i}"], domain="own") for i in range(500)
    ]
    e = refused(model(nodes, [info("x", [1])], [info("y0", [1])], own=1))
    assert lines(e) <= 5 and "node 0" in e.message and "and 496 more nodes." in e.message
    assert e.hint == "Supported: tinsmith kinds ops onnx."


def test_each_operator_that_is_unknown_is_named_once() -> None:
    nodes = [helper.make_node("Odd" if i else "Strange", ["x"], [f"y{i}"]) for i in range(3)]
    e = refused(model(nodes, [info("x", [1])], [info("y0", [1])]))
    named = "operator Strange (node 0, 'y0'); operator Odd (node 1, 'y1'), and 1 more node."
    assert e.message == f"Not supported: {named}"


def test_refusals_of_long_lists_keep_their_start_and_their_end() -> None:
    shape = np.int64(range(2, 400))
    made = model(
        [helper.make_node("Reshape", ["x", "s"], ["y"], name="mine")],
        [info("x", [1, 4])], [info("y", None)], {"s": shape},
    )  # fmt: skip
    e = refused(made)
    assert lines(e) <= 5
    assert e.message.startswith("operator Reshape (node 0, 'mine'): ")
    assert " ... " in e.message and e.message.endswith("398, 399].")
