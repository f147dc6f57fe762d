"""Who judges integer ONNX models: ONNX's reference evaluator, on every processor.

ONNX Runtime is heard beside it where its arithmetic is exact. On x86 processors with AVX2 and
without VNNI its products of bytes are not: it adds them in pairs as int16, which saturate
(255 * 127 * 2 > 32,767). A probe of such products asks the runtime that is there.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper
from onnx.reference import ReferenceEvaluator
from onnxes import info, model

Array = np.ndarray
Run = Callable[[Any, Mapping[str, Array]], list[Array]]
"""A model and its inputs to its outputs."""

PRODUCTS = frozenset(
    ("ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul", "QGemm")
)  # fmt: skip
"""Operators that add up products of bytes."""

FIRST = 19
"""The evaluator has DequantizeLinear and QuantizeLinear from here on; what is quantised in tests
has meant the same since 13."""

_NO_ATTRIBUTES = ("opset", "channels_last")  # of com.microsoft; the float operators have none


def by_definition(made: Any, inputs: Mapping[str, Array]) -> list[Array]:
    """ONNX's reference evaluator; an operator of com.microsoft is what it is defined as: its
    operands dequantised, the float operator, its result quantised."""
    return _evaluated(made, inputs)


def by_runtime(made: Any, inputs: Mapping[str, Array]) -> list[Array]:
    """ONNX Runtime without optimisation: operator by operator as the file says."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    data = made.SerializeToString()
    session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return [np.asarray(y) for y in session.run(None, dict(inputs))]


def by_saturating_pairs(made: Any, inputs: Mapping[str, Array]) -> list[Array]:
    """What a processor answers that adds products of bytes in pairs of int16."""
    return _evaluated(made, inputs, [MatMulInteger])


class MatMulInteger(onnx.reference.op_run.OpRun):
    """VPMADDUBSW over the rows: bytes without zero points."""

    def _run(self, a: Array, b: Array) -> tuple[Array]:
        products = a[:, :, None].astype(np.int32) * b[None].astype(np.int32)
        pairs = np.clip(products[:, ::2] + products[:, 1::2], -(1 << 15), (1 << 15) - 1)
        return (pairs.sum(1).astype(np.int32),)


def judges(made: Any, exact: bool | None = None) -> dict[str, Run]:
    """Who is to agree with us about a model: always its definition, and ONNX Runtime where it adds
    up no products of bytes or does so exactly on this processor."""
    found: dict[str, Run] = {"definition": by_definition}
    exact = runtime_is_exact() if exact is None else exact
    if exact or not PRODUCTS & {n.op_type for n in made.graph.node}:
        found["ONNX Runtime"] = by_runtime
    return found


@cache
def runtime_is_exact() -> bool:
    """Whether ONNX Runtime adds up products of bytes exactly on this processor."""
    return is_exact(by_runtime)


def is_exact(run: Run) -> bool:
    return all(np.array_equal(run(m, x)[0], by_definition(m, x)[0]) for m, x in probes())


def probes() -> list[tuple[Any, dict[str, Array]]]:
    """Sums of the largest products of every pair of byte types; each outgrows int16."""
    return [_probe(a, b) for a in ("uint8", "int8") for b in ("uint8", "int8")]


def _probe(a: str, b: str, depth: int = 8) -> tuple[Any, dict[str, Array]]:
    weights = np.full((depth, 4), np.iinfo(b).max, b)
    node = helper.make_node("MatMulInteger", ["x", "w"], ["y"])
    inputs, outputs = [info("x", [2, depth], a)], [info("y", [2, 4], "int32")]
    return model([node], inputs, outputs, {"w": weights}), {
        "x": np.full((2, depth), np.iinfo(a).max, a)
    }


def _evaluated(made: Any, inputs: Mapping[str, Array], new: Sequence[Any] = ()) -> list[Array]:
    plain = onnx.ModelProto()
    plain.CopyFrom(made)
    del plain.graph.node[:]
    plain.graph.node.extend(m for n in made.graph.node for m in _meaning(n))
    for opset in plain.opset_import:
        if opset.domain == "":
            opset.version = max(opset.version, FIRST)
    evaluator = ReferenceEvaluator(plain, new_ops=list(new))
    return [np.asarray(y) for y in evaluator.run(None, dict(inputs))]


def _meaning(node: Any) -> list[Any]:
    """A node of com.microsoft in ONNX's own operators; any other is itself."""
    if node.domain != "com.microsoft":
        return [node]
    names, found = list(node.input), []
    result, rest = (names[:2], names[2:]) if "Concat" in node.op_type else (names[-2:], names[:-2])
    more = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    more = {k: v for k, v in more.items() if k not in _NO_ATTRIBUTES}
    operands = [rest[i : i + 3] for i in range(0, len(rest) - len(rest) % 3, 3)]
    reals = [f"{node.output[0]}/{i}" for i in range(len(operands))]
    for i, (names, real) in enumerate(zip(operands, reals, strict=True)):
        axis = {"axis": 0 if more.get("transB") else 1} if node.op_type == "QGemm" and i else {}
        found.append(helper.make_node("DequantizeLinear", names, [real], **axis))
    if len(rest) % 3:  # the int32 bias of QGemm, in steps of both operands
        found += _bias(rest[-1], operands[0][1], operands[1][1], f"{node.output[0]}/bias")
        reals.append(found[-1].output[0])
    kind, real = node.op_type.removeprefix("QLinear").replace("QGemm", "Gemm"), node.output[0] + "/"
    found.append(helper.make_node(kind, reals, [real], **more))
    return [*found, helper.make_node("QuantizeLinear", [real, *result], node.output)]


def _bias(bias: str, first: str, second: str, name: str) -> list[Any]:
    return [
        helper.make_node("Cast", [bias], [f"{name}/cast"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", [first, second], [f"{name}/step"]),
        helper.make_node("Mul", [f"{name}/cast", f"{name}/step"], [name]),
    ]
