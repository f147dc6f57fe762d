"""What an operator needs beside its weights does not grow with the picture."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tflites
from tflite_elements import ELEMENTS
from tflite_layers import Layer, litert
from tflite_layers import draw as draw_layer
from tflite_options import Draw
from tflites import File, Operator, Tensor

from tinsmith.importers.tflite.convert import convert
from tinsmith.importers.tflite.operators import NAMES
from tinsmith.importers.tflite.rules import ELEMENTS as RULES
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases

RELU, RELU_N1_TO_1, RELU6 = 1, 2, 3
SMALL, LARGE = 8, 24
MADE_OF_CONSTANTS = ("POW",)
"""Operators whose drawn operand is as large as the result."""


@pytest.fixture
def load(tmp_path: Path) -> Callable[[File], Graph]:
    def from_file(file: File) -> Graph:
        path = tmp_path / "net.tflite"
        path.write_bytes(file.bytes())
        return convert(path, "net", "litert")

    return from_file


def constants(graph: Graph) -> int:
    return sum(c.nbytes for c in graph.constants.values())


def conv(side: int, activation: int, depthwise: bool) -> File:
    """3x3, 3 channels to 8 (depthwise: 3), float32."""
    channels, kind = (3, "DEPTHWISE_CONV_2D") if depthwise else (8, "CONV_2D")
    w = np.linspace(-2, 2, channels * 27 if not depthwise else 27).astype("f4")
    shape = (1, 3, 3, 3) if depthwise else (8, 3, 3, 3)
    head = {0: ("b", 0), 1: ("i", 1), 2: ("i", 1)}
    more = {3: ("i", 1), 4: ("b", activation)} if depthwise else {3: ("b", activation)}
    tensors = [
        Tensor("x", (1, side, side, 3)), Tensor("w", shape, data=w),
        Tensor("b", (channels,), data=np.linspace(-1, 5, channels)),
        Tensor("y", (1, side, side, channels)),
    ]  # fmt: skip
    options = (2 if depthwise else 1, head | more)
    return File(tensors, [Operator(NAMES.index(kind), (0, 1, 2), (3,), *options)])


def pool(side: int, activation: int, code: int) -> File:
    shape = (1, side, side, 3)
    options = {0: ("b", 0), 1: ("i", 1), 2: ("i", 1), 3: ("i", 2), 4: ("i", 2)}
    operator = Operator(code, (0,), (1,), 5, options | {5: ("b", activation)})
    return File([Tensor("x", shape), Tensor("y", shape)], [operator])


def pair(side: int, activation: int, kind: str, options: int) -> File:
    tensors = [Tensor(n, (1, side, side, 3)) for n in "xby"]
    operator = Operator(NAMES.index(kind), (0, 1), (2,), options, {0: ("b", activation)})
    return File(tensors, [operator], inputs=(0, 1))


def rows(side: int, activation: int, known: bool) -> File:
    """FULLY_CONNECTED with weights that are known or come in."""
    w = np.linspace(-3, 3, 12).astype("f4") if known else None
    tensors = [Tensor("x", (side, 4)), Tensor("w", (3, 4), data=w), Tensor("y", (side, 3))]
    operator = Operator(tflites.FULLY_CONNECTED, (0, 1), (2,), 8, {0: ("b", activation)})
    return File(tensors, [operator], inputs=(0,) if known else (0, 1))


FUSED: dict[str, Callable[[int, int], File]] = {
    "CONV_2D": lambda side, code: conv(side, code, depthwise=False),
    "DEPTHWISE_CONV_2D": lambda side, code: conv(side, code, depthwise=True),
    "FULLY_CONNECTED": lambda side, code: rows(side, code, known=True),
    "FULLY_CONNECTED computed": lambda side, code: rows(side, code, known=False),
    **{NAMES[k]: lambda side, code, k=k: pool(side, code, k) for k in (1, 12, 17)},
    **{k: lambda side, code, k=k, o=o: pair(side, code, k, o) for k, o in
       {"ADD": 11, "SUB": 28, "MUL": 21, "DIV": 29}.items()},
}  # fmt: skip
"""Operator with a fused activation -> a float model of it, for a side of the picture."""


@pytest.mark.parametrize("code", [RELU, RELU_N1_TO_1, RELU6])
@pytest.mark.parametrize("kind", FUSED)
def test_a_fused_activation_takes_a_constant_of_one_number(kind: str, code: int, load) -> None:
    small, large = (load(FUSED[kind](side, code)) for side in (SMALL, LARGE))
    assert constants(small) == constants(large)
    assert constants(large) - constants(load(FUSED[kind](LARGE, 0))) <= 8


@pytest.mark.parametrize("code", [RELU, RELU_N1_TO_1, RELU6])
@pytest.mark.parametrize("kind", FUSED)
def test_fused_activations_are_literts(
    kind: str, code: int, load, rng: np.random.Generator
) -> None:
    """Sums that reach both limits: beyond 6 and below -1."""
    file = FUSED[kind](SMALL, code)
    graph = load(file)
    inputs = [(rng.normal(size=(4, *graph.type(i).shape)) * 4).astype("f4") for i in graph.inputs]
    want = litert(file, *inputs)
    got = run_cases(graph, dict(zip(graph.inputs, inputs, strict=True)))[graph.outputs[0]]
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5 * np.abs(want).max())
    for limit in {RELU: (0.0,), RELU_N1_TO_1: (-1.0, 1.0), RELU6: (0.0, 6.0)}[code]:
        if limit >= 0 or kind != "L2_POOL_2D":  # whose results are not below 0
            np.testing.assert_array_equal(got == limit, want == limit)


def test_a_relu6_behind_a_convolution_needs_no_more_than_its_weights(load) -> None:
    """48x48 with 8 channels: 74,624 B of constants once, most of them sixes."""
    graph = load(conv(48, RELU6, depthwise=False))
    assert constants(graph) == (27 * 8 + 8 + 1) * 4


def stretched(draw: Draw, times: int) -> File:
    """The same operator, its activations ``times`` as long along the first axis of three."""
    own = {t.shape[-1] for t in draw.results}
    for t in (*draw.operands, *draw.results):
        if t.data is None:
            t.shape = (times, 5, *own)
    return draw.file()


ROWS = [
    (name, dtype)
    for name in ELEMENTS
    if name in RULES and name not in MADE_OF_CONSTANTS
    for dtype in RULES[name].types
]


@pytest.mark.parametrize(("name", "dtype"), ROWS)
def test_an_elementwise_operator_has_no_constant_that_grows(name: str, dtype: str, load) -> None:
    found = []
    for times in (2, 50):
        draw = ELEMENTS[name](np.random.default_rng(3), dtype)
        if name in ("EQUAL", "NOT_EQUAL"):  # int16 of two scales is refused
            draw.operands[1].scale = draw.operands[0].scale
        for t in draw.operands:
            if t.data is not None and name != "PRELU":  # a divisor: one number
                t.shape, t.data = (1,), np.ravel(t.data)[:1]
            elif t.data is not None:  # factors of each channel
                t.shape, t.data = (1, 1, t.shape[-1]), np.ravel(t.data)
        found.append(constants(load(stretched(draw, times))))
    assert found[0] == found[1]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "float32"])
def test_a_layer_of_integers_has_none_either(dtype: str, load, rng: np.random.Generator) -> None:
    bias = "int64" if dtype == "int16" else "int32"
    file, _ = draw_layer(rng, Layer("FULLY_CONNECTED", dtype, bias=bias))
    x, _, _, y = file.tensors
    found = []
    for many in (2, 50):
        x.shape, y.shape = (many, x.shape[1]), (many, y.shape[1])
        found.append(constants(load(file)))
    assert found[0] == found[1]


@pytest.mark.parametrize("dtype", ["float32", "int8", "int16", "int64"])
def test_a_padding_of_several_axes_is_one_copy(dtype: str, load) -> None:
    quant = {"scale": (0.1,), "zero": (0,)} if dtype in ("int8", "int16") else {}
    sides = np.array([[0, 0], [1, 1], [2, 0], [0, 3]])
    tensors = [
        Tensor("x", (1, 3, 4, 2), dtype, **quant), Tensor("sides", (4, 2), "int32", data=sides),
        Tensor("y", (1, 5, 6, 5), dtype, **quant),
    ]  # fmt: skip
    graph = load(File(tensors, [Operator(tflites.PAD, (0, 1), (2,))]))
    assert [n.op for n in graph.nodes] == ["pad"]
