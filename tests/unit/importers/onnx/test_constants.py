"""No constant of an imported graph grows with an activation: of each operator over a small and over
a large input, constants take the same number of bytes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from onnx import helper, numpy_helper
from onnxes import TYPES, info, model

from tinsmith.importers.onnx.convert import from_bytes
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases

SMALL, LARGE = 8, 24
ML = "ai.onnx.ml"
F, N, U = np.float32, np.int64, np.uint8
CHANNELS = np.arange(1, 5, dtype=F).reshape(4, 1)
PARAMETER, WEIGHTS = np.ones(4, F), np.ones((4, 4, 3, 3), F)


def bytes_of(graph: Graph) -> int:
    return sum(c.nbytes for c in graph.constants.values())


class Case:
    """An operator, inputs by the size n (with dtype), constants after or before them, attributes.

    Args:
        x: shapes of the inputs; "n" grows.
        held: constants by place among the operands.
    """

    def __init__(
        self, kind: str, *x: tuple[Any, ...], held: dict[int, Any] | None = None,
        of: str = "float32", opset: int = 20, outs: int = 1, **attributes: Any,
    ) -> None:  # fmt: skip
        self.kind, self.x, self.held, self.of = kind, x, held or {}, of
        self.opset, self.outs, self.attributes = opset, outs, attributes
        self.domain = attributes.pop("domain", "")

    def __str__(self) -> str:
        return "-".join([self.kind, self.of, *map(str, self.held), *self.attributes])

    def bytes(self, n: int) -> int:
        """Bytes of the graph's constants."""
        names = ["" for _ in range(len(self.x) + len(self.held))]
        inputs, held = [], {}
        for place, value in self.held.items():
            names[place] = "" if value is None else f"c{place}"
            if value is not None:
                held[names[place]] = value(n) if isinstance(value, Callable) else np.asarray(value)
        free = iter(i for i in range(len(names)) if i not in self.held)
        for shape in self.x:
            dtype = shape[0] if shape and str(shape[0]) in TYPES else self.of
            shape = shape[1:] if dtype in shape else shape
            place = next(free)
            names[place] = f"x{place}"
            inputs.append(info(names[place], [n if d == "n" else d for d in shape], dtype))
        outs = [f"y{i}" for i in range(self.outs)]
        node = helper.make_node(self.kind, names, outs, domain=self.domain, **self.attributes)
        ends = [helper.make_empty_tensor_value_info(o) for o in outs]
        made = model([node], inputs, ends, held, self.opset, ai_onnx_ml=3, com_microsoft=1)
        graph = from_bytes(made.SerializeToString(), "m")
        return bytes_of(graph)


ALL, MAP, PICTURE = ("n", "n"), (1, 4, "n"), (1, 4, "n", "n")
_UNARY = (
    "Abs", "Neg", "Sign", "Exp", "Log", "Sqrt", "Reciprocal", "Sin", "Cos", "Tan", "Tanh",
    "Sigmoid", "Erf", "Floor", "Ceil", "Round", "Softplus", "Softsign", "Mish", "Sinh", "Cosh",
    "Asin", "Acos", "Atan", "Asinh", "Acosh", "Atanh", "Relu", "LeakyRelu", "Elu", "Selu", "Celu",
    "HardSigmoid", "HardSwish", "ThresholdedRelu", "Shrink", "Gelu", "Softmax", "LogSoftmax",
    "Identity", "Dropout", "IsNaN", "IsInf", "LpNormalization", "ReduceMean", "ReduceL2",
    "ReduceLogSumExp", "ReduceMax", "ArgMax", "DynamicQuantizeLinear", "Transpose", "Flatten",
)  # fmt: skip
_ARITHMETIC = ("Add", "Sub", "Mul", "Div", "Max", "Min")
_COMPARED = ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")
_S = F(0.5)
CASES = [
    *(Case(kind, ALL) for kind in _UNARY),
    Case("MeanVarianceNormalization", PICTURE),
    *(Case(k, ALL, held={at: _S}) for k in (*_ARITHMETIC, *_COMPARED, "Pow") for at in (0, 1)),
    *(
        Case(k, MAP, held={at: CHANNELS})
        for k in (*_ARITHMETIC, *_COMPARED, "Pow") for at in (0, 1)
    ),
    *(Case(k, ALL, held={at: np.int8(3)}, of="int8") for k in _ARITHMETIC for at in (0, 1)),
    *(Case("Pow", ALL, held={1: F(e)}) for e in (0, 1, 2, 3)),
    *(Case("Pow", ALL, held={1: np.int32(e)}, of="int32") for e in (0, 1, 3)),
    Case("Pow", MAP, held={1: np.int32([[0], [1], [2], [3]])}, of="int32"),
    *(Case("Mod", ALL, held={at: np.int32(2)}, of="int32") for at in (0, 1)),
    *(Case("Mod", ALL, held={at: F(2)}, fmod=1) for at in (0, 1)),
    Case("PRelu", ALL, held={1: _S}), Case("PRelu", MAP, held={1: CHANNELS}),
    Case("Clip", ALL, held={1: F(0), 2: F(6)}), Case("Clip", ALL, held={1: F(0)}),
    Case("Clip", ALL, held={1: None, 2: F(6)}),
    Case("Clip", ALL, held={1: np.int32(0), 2: np.int32(6)}, of="int32"),
    Case("Clip", ALL, opset=10, min=0.0, max=6.0),
    Case("Relu", ALL, of="int32"), Case("Gelu", ALL, approximate="tanh"),
    Case("IsInf", ALL, detect_negative=0),
    *(Case(k, ALL, held={1: np.array(True)}, of="bool") for k in ("And", "Or", "Xor")),
    Case("Not", ALL, of="bool"),
    Case("Where", ("bool", *ALL), ALL, held={2: _S}),
    Case("Where", ("bool", *ALL), ALL, held={1: _S}),
    Case("Where", ("bool", *ALL), held={1: _S, 2: F(1)}),
    Case("Where", ALL, held={0: np.array(True), 2: _S}),
    Case("Where", MAP, held={0: CHANNELS > 2, 2: _S}),
    *(Case(k, ALL, ALL, held={1: _S}) for k in ("Max", "Min", "Sum", "Mean")),
    Case("Cast", ALL, to=6), Case("Cast", ALL, to=9),
    Case("BitShift", ALL, held={1: U(2)}, of="uint8", direction="LEFT"),
    Case("BitwiseAnd", ALL, held={1: np.int32(3)}, of="int32"), Case("BitwiseNot", ALL, of="int32"),
    Case("Expand", (1,), held={1: lambda n: N([n, n])}),
    Case("BatchNormalization", PICTURE, held=dict.fromkeys((1, 2, 3, 4), PARAMETER)),
    Case("InstanceNormalization", PICTURE, held={1: PARAMETER, 2: PARAMETER}),
    Case("GroupNormalization", PICTURE, held={1: PARAMETER[:2], 2: PARAMETER[:2]}, num_groups=2),
    Case("LayerNormalization", ("n", 4), held={1: PARAMETER, 2: PARAMETER}),
    Case("LRN", PICTURE, size=3),
    Case("Conv", PICTURE, held={1: WEIGHTS, 2: PARAMETER}, pads=[1, 1, 1, 1]),
    Case("ConvTranspose", PICTURE, held={1: WEIGHTS, 2: PARAMETER}),
    Case("MatMul", ("n", 4), held={1: WEIGHTS[0, :, 0]}),
    Case("Gemm", ("n", 3), held={1: WEIGHTS[0, 0], 2: _S}, alpha=0.5, beta=2.0),
    Case("MaxPool", PICTURE, kernel_shape=[2, 2]), Case("GlobalLpPool", PICTURE),
    Case("MaxPool", PICTURE, kernel_shape=[2, 2], pads=[1, 1, 0, 0]),
    Case("AveragePool", PICTURE, kernel_shape=[2, 2], pads=[1, 1, 1, 1]),
    Case("AveragePool", PICTURE, kernel_shape=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1),
    Case("AveragePool", PICTURE, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
    Case("LpPool", PICTURE, kernel_shape=[2, 2]), Case("GlobalAveragePool", PICTURE),
    Case("CumSum", ALL, held={1: N(1)}), Case("TopK", ALL, held={1: N([2])}, outs=2),
    Case("Pad", PICTURE, held={1: N([0, 0, 1, 1, 0, 0, 1, 1])}),
    Case("Pad", PICTURE, held={1: N([0, 0, 1, 1, 0, 0, 1, 1]), 2: _S}),
    Case("Pad", PICTURE, held={1: N([0, 0, 1, 1, 0, 0, 1, 1]), 2: F(-np.inf)}),
    Case("Tile", ALL, held={1: N([2, 2])}), Case("DepthToSpace", PICTURE, blocksize=2),
    Case("Gather", PICTURE, held={1: N([0, 2])}, axis=1),
    Case("GatherElements", ALL, ("int64", *ALL)),
    Case("OneHot", ALL, held={1: N(5), 2: F([0, 1])}, of="int64"),
    Case("GridSample", (1, "n", 5, 5), (1, 4, 4, 2)),
    Case("GridSample", (1, 4, 5, 5), (1, "n", "n", 2)),
    Case("GridSample", (1, 4, 5, 5), (1, "n", "n", 2), mode="cubic", padding_mode="reflection"),
    Case("Resize", (1, "n", 5, 5), held={1: None, 2: F([1, 1, 2, 2])}, mode="linear"),
    Case("Resize", (1, "n", 5, 5), held={1: None, 2: F([1, 1, 2, 2])}),
    Case("Trilu", ("n", 5, 5)), Case("Hardmax", ("n", 5)), Case("Hardmax", (5, "n", 5), axis=0),
    Case("Pad", ("n", 5), held={1: N([0, 1, 0, 1])}, mode="reflect"),
    Case("ReverseSequence", (5, 1, "n"), held={1: N([3])}),
    *(Case("QuantizeLinear", ALL, held={1: F(0.1), 2: z}) for z in (U(3), np.int8(3), np.int16(3))),
    *(Case("DequantizeLinear", ALL, held={1: F(0.1), 2: z}, of=z.dtype.name)
      for z in (U(3), np.int8(3), np.int16(3), np.int32(0))),
    Case("QuantizeLinear", MAP, held={1: F([0.1] * 4), 2: np.int8([0, 1, 2, 3])}, axis=1),
    Case(
        "DequantizeLinear", MAP, held={1: F([0.1] * 4), 2: np.int8([0, 1, 2, 3])}, of="int8", axis=1
    ),
    Case(
        "ConvInteger", PICTURE, held={1: WEIGHTS.astype(U), 2: U(3), 3: U(2)}, of="uint8",
        pads=[1, 1, 1, 1],
    ),
    Case("MatMulInteger", ("n", 4), held={1: np.ones((4, 2), U), 2: U(3), 3: U(2)}, of="uint8"),
    Case(
        "QLinearConv", PICTURE, of="uint8",
        held={1: _S, 2: U(3), 3: WEIGHTS.astype(U), 4: _S, 5: U(3), 6: F(0.2), 7: U(1)},
    ),
    Case("Scaler", ("n", 4), domain=ML, offset=[1.0, 2, 3, 4], scale=[1.0, 2, 3, 4]),
    Case(
        "Imputer", ("n", 4), domain=ML, imputed_value_floats=[1.0, 2, 3, 4],
        replaced_value_float=float("nan"),
    ),
    *(
        Case("LabelEncoder", ("n", 1), domain=ML, of="int64", keys_int64s=[1, 2], **values)
        for values in (
            {"values_int64s": [5, 6], "default_int64": 9},
            {"values_floats": [5.0, 6.0], "default_float": 9.0},
        )
    ),
    Case("OneHotEncoder", ("n", 1), domain=ML, of="int64", cats_int64s=[1, 2, 3], zeros=1),
    Case("Binarizer", ALL, domain=ML, threshold=0.5),
    Case("Normalizer", ("n", 4), domain=ML, norm="L2"),
]  # fmt: skip


LINES = [
    Case("MaxPool", PICTURE, kernel_shape=[3, 3], pads=[1, 1, 1, 1], outs=2), Case("Hardmax", ALL),
    Case("Pad", PICTURE, held={1: N([0, 0, 1, 1, 0, 0, 1, 1])}, mode="reflect"),
]  # fmt: skip
"""What looks up places along an axis."""
MOST_PER_PLACE = 16


@pytest.mark.parametrize("case", CASES, ids=str)
def test_constants_do_not_grow_with_activations(case: Case) -> None:
    assert case.bytes(SMALL) == case.bytes(LARGE)


@pytest.mark.parametrize("case", LINES, ids=str)
def test_tables_of_places_are_no_longer_than_axes(case: Case) -> None:
    assert case.bytes(LARGE) - case.bytes(SMALL) <= MOST_PER_PLACE * (LARGE - SMALL)


WANTED: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Max": np.maximum,
    "Min": np.minimum, "Sum": np.add, "Equal": np.equal, "Less": np.less, "Greater": np.greater,
    "Where": lambda f, x: np.where(x > 0.5, f, x), "Mod": np.fmod, "Pow": np.power,
    "PRelu": lambda f, x: f, "Concat": lambda f, x: np.concatenate([f, x]),
}  # fmt: skip
"""What operators make of a tensor of halves and of x."""


@pytest.mark.parametrize("maker", ["ConstantOfShape", "Expand"])
@pytest.mark.parametrize("kind", WANTED)
def test_tensors_that_are_filled_at_import_take_one_element(kind: str, maker: str) -> None:
    """As exporters write full_like, zeros_like and expand."""

    def made(n: int) -> Graph:
        half = numpy_helper.from_array(F([0.5]))
        filled = {
            "ConstantOfShape": helper.make_node("ConstantOfShape", ["s"], ["f"], value=half),
            "Expand": helper.make_node("Expand", ["h", "s"], ["f"]),
        }[maker]
        names = ["c", "f", "x"] if kind == "Where" else ["f", "x"]
        attributes = {"Mod": {"fmod": 1}, "Concat": {"axis": 0}}.get(kind, {})
        nodes = [
            helper.make_node("Shape", ["x"], ["s"]), filled,
            helper.make_node("Greater", ["x", "h"], ["c"]),
            helper.make_node(kind, names, ["y"], **attributes),
        ]  # fmt: skip
        ends = [helper.make_empty_tensor_value_info("y")]
        file = model(nodes, [info("x", [n, n])], ends, {"h": F([0.5])})
        return from_bytes(file.SerializeToString(), "m")

    assert bytes_of(made(SMALL)) == bytes_of(made(LARGE))
    file_n, x = made(3), np.linspace(-2.1, 2, 9, dtype=F).reshape(3, 3)
    y = run_cases(file_n, {file_n.inputs[0]: x[None]})[file_n.outputs[0]][0]
    want = WANTED[kind](np.full((3, 3), 0.5, F), x)
    np.testing.assert_allclose(y, want, rtol=1e-6)
