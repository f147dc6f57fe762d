"""What prepares the features of classic models (domain ai.onnx.ml).

Source: ONNX operators (onnx/docs/Operators-ml.md).
"""

import numpy as np

from tinsmith.compose.elementwise import binary, cast, compare, scalar, where
from tinsmith.compose.movement import concat, gather, reshape, take
from tinsmith.compose.reduction import reduce
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.tables import chosen
from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.values import Value

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
    sought = use.constant_of(np.float32(missing), "missing")  # may be an infinity
    seen = compare(use.b, "equal", x, sought)
    return where(use.b, seen, other, x, name=use.name)


def binarizer(use: Use) -> str:
    """Binarizer: 1 above the threshold, else 0."""
    x = use.value(0, "float32")
    above = compare(use.b, "greater", x, scalar(use.b, x, use.number("threshold", 0.0)))
    return cast(use.b, above, "float32", name=use.name)


def extractor(use: Use) -> Value:
    """ArrayFeatureExtractor: columns by their numbers; a vector counts as one row."""
    shape, table, places = use.shape(0), use.known(0), use.known(1)
    if not shape:
        raise Unsupported("x is a scalar")
    width, rest = shape[-1], shape[:-1] or (1,)
    if places is None:
        index = use.value(1, "int32", "int64")
        index = reshape(use.b, index, (use.b.type(index).elements,))
        if table is not None and table.size == width:
            index = reshape(use.b, index, (*rest, *use.b.type(index).shape))
            return chosen(use.b, table.reshape(-1), index, use.name)
        return use.b.renamed(gather(use.b, _rows(use, use.value(0)), index, len(rest)), use.name)
    columns = np.array(places).reshape(-1)
    if columns.dtype.kind not in "iu" or columns.min() < 0 or columns.max() >= width:
        raise Unsupported(f"columns {columns.tolist()} of {width}")
    if table is not None:
        return np.asarray(table.reshape(*rest, width)[..., columns])
    return use.b.renamed(take(use.b, _rows(use, use.value(0)), columns, len(rest)), use.name)


def _rows(use: Use, x: str) -> str:
    """A vector as one row."""
    shape = use.b.type(x).shape
    return reshape(use.b, x, (1, *shape)) if len(shape) == 1 else x


def vectorizer(use: Use) -> str:
    """FeatureVectorizer: columns of several inputs side by side, as float32."""
    wide = [cast(use.b, _rows(use, use.value(i)), "float32") for i in range(use.count)]
    widths = tuple(use.b.type(x).shape[-1] for x in wide)
    if use.integers("inputdimensions", widths) != widths:
        raise Unsupported(f"its inputs have {list(widths)} columns")
    return use.b.renamed(concat(use.b, wide, len(use.b.type(wide[0]).shape) - 1), use.name)


OPERATORS = (
    Operator("Scaler", scaler, FLOAT, DOMAIN),
    Operator("Normalizer", normalizer, FLOAT, DOMAIN),
    Operator("Imputer", imputer, FLOAT, DOMAIN, "numbers of float32"),
    Operator("Binarizer", binarizer, FLOAT, DOMAIN),
    Operator("ArrayFeatureExtractor", extractor, FLOAT, DOMAIN, "of texts their indices"),
    Operator("FeatureVectorizer", vectorizer, (*FLOAT, "int32", "int64"), DOMAIN),
)
