"""Writes small ONNX models for tests."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

TYPES = {
    "float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE, "float16": TensorProto.FLOAT16,
    "int8": TensorProto.INT8, "uint8": TensorProto.UINT8, "int16": TensorProto.INT16,
    "int32": TensorProto.INT32, "int64": TensorProto.INT64, "bool": TensorProto.BOOL,
}  # fmt: skip
Shape = Sequence[int | str]


def info(name: str, shape: Shape | None, dtype: str = "float32") -> Any:
    """A declared input or output."""
    return helper.make_tensor_value_info(name, TYPES[dtype], shape)


def model(
    nodes: Sequence[Any],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    constants: Mapping[str, np.ndarray] | None = None,
    opset: int = 18,
    **domains: int,
) -> Any:
    """A model of nodes (helper.make_node)."""
    held = [numpy_helper.from_array(a, k) for k, a in (constants or {}).items()]
    graph = helper.make_graph(nodes, "g", inputs, outputs, held)
    opsets = [helper.make_opsetid("", opset)]
    opsets += [helper.make_opsetid(d.replace("_", "."), v) for d, v in domains.items()]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def one(
    kind: str,
    arrays: Sequence[np.ndarray],
    result: Shape | None = None,
    constant: Sequence[int] = (),
    opset: int = 18,
    out: str = "float32",
    **attributes: Any,
) -> Any:
    """A model of one node over inputs ``x0``, ``x1``, ...; those in ``constant`` are constants."""
    names = [f"x{i}" for i in range(len(arrays))]
    inputs = [
        info(n, a.shape, a.dtype.name)
        for i, (n, a) in enumerate(zip(names, arrays, strict=True))
        if i not in constant
    ]
    node = helper.make_node(kind, names, ["y"], **attributes)
    held = {names[i]: arrays[i] for i in constant}
    return model([node], inputs, [info("y", result, out)], held, opset)


def saved(made: Any, folder: Path, name: str = "model") -> Path:
    """The file of a model."""
    path = folder / f"{name}.onnx"
    onnx.save(made, str(path))
    return path
