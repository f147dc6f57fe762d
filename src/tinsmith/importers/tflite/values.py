"""Types, names and constants of the values that stand for a file's tensors."""

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tinsmith.importers.tflite.flatbuffer import refuse
from tinsmith.importers.tflite.schema import Tensor
from tinsmith.ir.builder import Builder
from tinsmith.ir.types import DType, Quant, TensorType
from tinsmith.rewrite import known_value

ACTIVATIONS: Mapping[str, DType] = {
    "float32": "float32", "int8": "int8", "uint8": "uint8", "int16": "int16", "int32": "int32",
    "int64": "int64", "bool": "bool",
}  # fmt: skip
"""Types that values between operators may have."""
QUANTISED = ("int8", "uint8", "int16")
_LONGEST_NAME = 48
_MOST_KNOWN = 1 << 16


def type_of(tensor: Tensor) -> TensorType:
    """Type of a value between operators: quantised uint8 is int8, its zero point 128 lower.

    Raises:
        UserError: ``import.tflite.type``, ``.shape``, ``.quant``.
    """
    dtype = ACTIVATIONS.get(tensor.checked().dtype)
    if dtype is None:
        refuse(
            "type",
            f"The type of {tensor} is not supported between operators.",
            f"Supported: {', '.join(ACTIVATIONS)}.",
        )
    if dtype not in QUANTISED or not len(tensor.scales):
        return TensorType(tensor.shape, dtype)
    if is_shifted(tensor):
        return TensorType(tensor.shape, "int8", shifted(tensor.quant(), -128))
    return TensorType(tensor.shape, dtype, tensor.quant())


def is_shifted(tensor: Tensor) -> bool:
    """Whether a tensor of uint8 is int8 inside of the graph."""
    return tensor.dtype == "uint8" and len(tensor.scales) > 0


def shifted(quant: Quant, by: int) -> Quant:
    """The same scales with other zero points."""
    return replace(quant, zero_point=tuple(z + by for z in quant.zero_point))


def content_of(tensor: Tensor) -> np.ndarray:
    """Content of a constant as a value has it.

    Raises:
        UserError: as `Tensor.array`.
    """
    array = tensor.array()
    return (array ^ np.uint8(0x80)).view(np.int8) if is_shifted(tensor) else array


def readable(name: str) -> str:
    """A short identifier from a tensor's name: of its first part, the last two steps of the path,
    without what exporters put around it."""
    first = name.split(";")[0].removeprefix("serving_default_").split(":")[0]
    steps = [s for s in first.split("/") if s not in ("", "ReadVariableOp", "resource")][-2:]
    words = re.sub(r"[^A-Za-z0-9]+", "_", "_".join(steps)).strip("_")[:_LONGEST_NAME]
    return f"t_{words}" if words[:1].isdigit() else words


def known(b: Builder, value: str) -> np.ndarray | None:
    """Content of a value that depends on constants only; None for all others, and for those of
    more than 65,536 elements."""
    return known_value(b, value, most=_MOST_KNOWN)
