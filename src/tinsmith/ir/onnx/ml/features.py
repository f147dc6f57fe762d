"""What prepares the features of classic models (domain ai.onnx.ml).

Source: ONNX operators (onnx/docs/Operators-ml.md).
"""

import numpy as np

from tinsmith.ir.compose.elementwise import binary, cast, compare, scalar, where
from tinsmith.ir.compose.movement import take
from tinsmith.ir.compose.reduction import reduce
from tinsmith.ir.onnx.refusal import Unsupported
from tinsmith.ir.onnx.registry import Operator
from tinsmith.ir.onnx.use import Use

DOMAIN = "ai.onnx.ml"
FLOAT = ("float32",)
NORMS = {"MAX": "max", "L1": "l1", "L2": "l2"}
LEAST = 1.1754944e-38
"""Smallest normal float32: what is divided by instead of zero."""


def _float(use: Use) -> str:
    x = use.value(0)
    return x if use.b.type(x).dtype == "float32" else cast(use.b, x, "float32")


def scaler(use: Use) -> str:
    """Scaler: (x - offset) * scale."""
    x = _float(use)
    offset, scale = use.floats("offset"), use.floats("scale")
    width = use.b.type(x).shape[-1]
    if {len(offset), len(scale)} - {1, width}:
        raise Unsupported(f"{len(offset)} offsets and {len(scale)} scales for {width} features")
    centred = binary(use.b, "sub", x, use.constant_of(np.array(offset, np.float32), "offset"))
    factor = use.constant_of(np.array(scale, np.float32), "scale")
    return binary(use.b, "mul", centred, factor, name=use.name)


def normalizer(use: Use) -> str:
    """Normalizer: x / its norm along the last axis; rows of zeros stay."""
    x = _float(use)
    norm = use.text("norm", "MAX")
    if norm not in NORMS:
        raise Unsupported(f"norm {norm!r}")
    axis = len(use.b.type(x).shape) - 1
    length = reduce(use.b, NORMS[norm], x, (axis,), True)
    if norm == "MAX":  # of the values, as ONNX Runtime has it: not of their magnitudes
        zero = compare(use.b, "equal", length, scalar(use.b, length, 0.0))
        safe = where(use.b, zero, scalar(use.b, length, 1.0), length)
    else:
        safe = binary(use.b, "max", length, scalar(use.b, length, LEAST))
    return binary(use.b, "div", x, safe, name=use.name)


def imputer(use: Use) -> str:
    """Imputer: another value for what is missing."""
    x = use.value(0, "float32")
    filled = np.array(use.floats("imputed_value_floats"), np.float32)
    missing = use.node.attributes.get("replaced_value_float", 0.0)
    if not isinstance(missing, float) or len(filled) not in (1, use.b.type(x).shape[-1]):
        raise Unsupported(f"{len(filled)} values are filled in for {missing!r}")
    other = use.constant_of(filled, "filled")
    if np.isnan(missing):
        return where(use.b, compare(use.b, "equal", x, x), x, other, name=use.name)
    seen = compare(use.b, "equal", x, scalar(use.b, x, missing))
    return where(use.b, seen, other, x, name=use.name)


def binarizer(use: Use) -> str:
    """Binarizer: 1 above the threshold, else 0."""
    x = use.value(0, "float32")
    above = compare(use.b, "greater", x, scalar(use.b, x, use.number("threshold", 0.0)))
    return cast(use.b, above, "float32", name=use.name)


def extractor(use: Use) -> str:
    """ArrayFeatureExtractor: columns by their numbers."""
    x = use.value(0)
    columns = np.array(use.constant(1)).reshape(-1)
    width = use.b.type(x).shape[-1]
    if columns.dtype.kind not in "iu" or columns.min() < 0 or columns.max() >= width:
        raise Unsupported(f"columns {columns.tolist()} of {width}")
    return use.b.renamed(take(use.b, x, columns, len(use.b.type(x).shape) - 1), use.name)


OPERATORS = (
    Operator("Scaler", scaler, FLOAT, DOMAIN),
    Operator("Normalizer", normalizer, FLOAT, DOMAIN),
    Operator("Imputer", imputer, FLOAT, DOMAIN, "numbers of float32"),
    Operator("Binarizer", binarizer, FLOAT, DOMAIN),
    Operator("ArrayFeatureExtractor", extractor, FLOAT, DOMAIN, "constant columns"),
)
