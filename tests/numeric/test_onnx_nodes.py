"""ONNX's backend node tests through compiled C on this computer.

Every case of the operators that exporters emit passes, or a rule says why it cannot run on a
microcontroller; every other case passes or is refused. None is wrong, none crashes.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import onnx
import pytest
from onnx_nodes import Imported, NodeCase, imported, judged, node_cases, nodes_of

from tinsmith.core.errors import UserError
from tinsmith.importers.onnx.registry import registry
from tinsmith.ir.types import SIZES

_TEXT = """
Abs Acos Acosh Add AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool
BatchNormalization BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor BlackmanWindow Cast CastLike
Ceil Celu CenterCropPad Clip Col2Im Compress Concat Constant ConstantOfShape Conv ConvInteger
ConvTranspose Cos Cosh CumSum DeformConv DepthToSpace DequantizeLinear Div Dropout
DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU Gather
GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater
GreaterOrEqual GridSample GroupNormalization HammingWindow HannWindow HardSigmoid HardSwish Hardmax
Identity If InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less
LessOrEqual Log LogSoftmax Loop LpNormalization LpPool MatMul MatMulInteger Max MaxPool Mean
MeanVarianceNormalization MelWeightMatrix Min Mish Mod Mul Neg NonZero Not OneHot Or PRelu Pad Pow
QLinearConv QLinearMatMul QuantizeLinear RMSNormalization RNN Range Reciprocal ReduceL1 ReduceL2
ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare
Relu Reshape Resize ReverseSequence RotaryEmbedding Round STFT Scatter ScatterElements ScatterND
Selu Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToDepth Split
Sqrt Squeeze Sub Sum Swish Tan Tanh ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Upsample
Where Xor
"""
OPERATORS = frozenset(_TEXT.split())
"""What exporters emit when a network is exported for inference.

torch.onnx (both exporters, opset 9 to 18 and later) for the layers of torch.nn and the functions of
torch.nn.functional, arithmetic, comparisons, reductions and indexing; Keras (by torch or
tensorflow) for its layers, of which Upsample, Mean, Max, Sum and Hardmax come from older versions;
skl2onnx for linear models, scalers, networks and mixtures (MatMul, Gemm, ArgMax, Cast, Reduce*,
Where, TopK, OneHot); onnxruntime.quantization for the integers. Left out: what only training,
text, detection or sequences between models use, and operators that every exporter writes as
others.

DFT is not on the list: its inverse to complex numbers is refused, its other cases pass.
"""

SAMPLE = 53
"""Of every so many cases one is in the sample."""


_TYPES = ("to", "dtype", "output_dtype", "softmax_precision")


def tensor_types(case: NodeCase) -> Iterator[str]:
    """Types of inputs, outputs and constants, and those that nodes cast to."""
    graph = case.model.graph
    codes = [v.type.tensor_type.elem_type for v in [*graph.input, *graph.output]]
    for node in nodes_of(graph):
        for a in node.attribute:
            codes += [a.t.data_type] if a.type == onnx.AttributeProto.TENSOR else []
            codes += [a.i] if a.name in _TYPES else []
    for code in codes:
        if code:
            yield onnx.TensorProto.DataType.Name(code).lower()


NAMES = {"float": "float32"}


def other_types(case: NodeCase) -> bool:
    return any(NAMES.get(t, t) not in SIZES for t in tensor_types(case))


def no_tensors(case: NodeCase) -> bool:
    graph = case.model.graph
    return any(not v.type.HasField("tensor_type") for v in [*graph.input, *graph.output])


def training(case: NodeCase) -> bool:
    nodes = list(nodes_of(case.model.graph))
    if any(a.name == "training_mode" and a.i for n in nodes for a in n.attribute):
        return True
    names = [v.name for v in case.model.graph.input]
    modes = {n.input[2] for n in nodes if n.op_type == "Dropout" and len(n.input) > 2} & {*names}
    return any(bool(case.inputs[names.index(m)]) for m in modes)


def empty(case: NodeCase) -> bool:
    return any(np.size(a) == 0 for a in [*case.inputs, *case.outputs])


def blocks(case: NodeCase) -> bool:
    nodes = nodes_of(case.model.graph)
    return any(a.name == "block_size" and a.i for n in nodes for a in n.attribute)


def old(case: NodeCase) -> bool:
    return any(o.version < 7 for o in case.model.opset_import if not o.domain)


ELSEWHERE = {"ReduceLogSumExp", "Einsum", "GlobalLpPool"}
"""All cases of these are float64, or there is none: tests/unit/importers/onnx/test_versions.py and
test_onnx_operators.py hold float32 to ONNX Runtime and numpy."""


RULES: Mapping[str, Callable[[NodeCase], bool]] = {
    "sequence, optional or map": no_tensors,
    "type (float16, float64, 8-bit floats, 4 bits, uint16 to uint64, text)": other_types,
    "training mode": training,
    "empty tensor": empty,
    "quantised in blocks": blocks,
    "operator set before 7": old,
}
"""Why a case cannot run on a microcontroller, in the order in which they are asked."""
OUTSIDE = "operator outside of the list"


def reason(case: NodeCase) -> str:
    """The first rule that holds, or nothing."""
    return next((name for name, holds in RULES.items() if holds(case)), "")


def listed(case: NodeCase) -> bool:
    return case.operators <= OPERATORS


def run(cases: tuple[NodeCase, ...]) -> dict[str, Any]:
    """Judges cases; returns the counts, operator -> outcome -> cases."""
    taken: list[Imported] = []
    counts: dict[str, Counter[str]] = {o: Counter() for o in OPERATORS}
    unexplained = []
    for case in cases:
        try:
            taken.append(imported(case))
        except UserError as e:
            assert e.code.startswith("import.onnx."), (case.name, e.code)
            why = reason(case) if listed(case) else OUTSIDE
            if not why:
                unexplained.append(f"{case.name}: {e}")
            for operator in case.operators & OPERATORS:
                counts[operator][why] += 1
    assert not unexplained, "\n".join(unexplained)
    found = judged(taken)
    assert not {k: v for k, v in found.items() if v}
    for one in taken:
        for operator in one.case.operators & OPERATORS:
            counts[operator]["passed"] += 1
    of_list = sum(listed(one.case) for one in taken)
    return {
        "cases": len(cases), "passed": len(taken), "passed_of_list": of_list,
        "refused": len(cases) - len(taken),
        "operators": {o: dict(sorted(c.items())) for o, c in sorted(counts.items())},
    }  # fmt: skip


def test_the_list_is_long_and_known() -> None:
    assert len(OPERATORS) >= 60
    assert {("", o) for o in OPERATORS} <= set(registry())


def test_sample() -> None:
    figures = run(node_cases()[::SAMPLE])
    assert figures["passed"] > 12


@pytest.mark.slow
def test_full(campaign: Callable[..., int], record_result: Callable[..., None]) -> None:
    every = node_cases()
    cases = every[: campaign(len(every), least=40)]
    figures = run(cases)
    record_result("onnx_nodes", {"package": onnx.__version__, **figures})
    without = {o for o, counts in figures["operators"].items() if not counts.get("passed")}
    assert len(cases) < len(every) or without == ELSEWHERE
