"""Labels and categories (domain ai.onnx.ml).

Source: ONNX operators (onnx/docs/Operators-ml.md).
"""

import numpy as np

from tinsmith.compose.elementwise import cast, compare
from tinsmith.compose.movement import concat, expand, gather, unsqueeze
from tinsmith.compose.reduction import arg
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.ml.trees import DOMAIN, labels_of
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.tables import chosen, classes, reshaped
from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.values import Chosen, Maps, Value

MOST_KEYS = 4096
NUMBERS = ("float32", "int32", "int64")


def zip_map(use: Use) -> Value:
    """ZipMap: the probabilities as they are; the stage of their last node lists the classes."""
    x, words = use.value(0, "float32"), labels_of(use, "classlabels_int64s")
    shape = use.b.type(x).shape
    if not shape or shape[-1] != len(words):
        raise Unsupported(f"{len(words)} classes for values of shape {list(shape)}")
    use.b.stage = classes(words.tolist())
    found = reshaped(use.b, x, use.name)
    if use.b.type(found).elements == len(words):
        use.b.label(found, map(str, words.tolist()))
    return Maps(found)


def _table(use: Use, side: str) -> np.ndarray:
    """Keys or values, in whichever attribute they are: object for texts."""
    found = [
        np.array(use.node.attributes[f"{side}_{kind}"], dtype)
        for kind, dtype in (("strings", object), ("int64s", np.int64), ("floats", np.float32))
        if use.node.attributes.get(f"{side}_{kind}")
    ]
    found += [use.tensor(f"{side}_tensor").ravel()] if use.given(f"{side}_tensor") else []
    if len(found) != 1 or not 1 <= len(found[0]) <= MOST_KEYS:
        raise Unsupported(f"it has {len(found)} lists of {side}, or too long ones")
    return found[0]


def _default(use: Use, values: np.ndarray) -> object:
    """What a key that is not listed becomes."""
    if use.given("default_tensor"):
        return use.tensor("default_tensor").ravel()[0]
    if values.dtype.kind in "OSU":
        return use.text("default_string", "_Unused")
    if values.dtype.kind == "f":
        return use.number("default_float", -0.0)
    return use.integer("default_int64", -1)


def label_encoder(use: Use) -> Value:
    """LabelEncoder: a value for each key; the first of equal keys counts."""
    keys, values = _table(use, "keys"), _table(use, "values")
    if len(keys) != len(values):
        raise Unsupported(f"it has {len(keys)} keys and {len(values)} values")
    default = np.array([_default(use, values)], values.dtype)
    raw = use.raw(0)
    if isinstance(raw, Chosen):
        found = dict(zip(keys[::-1].tolist(), values[::-1].tolist(), strict=True))
        table = [found.get(key, default[0]) for key in raw.table.tolist()]
        return chosen(use.b, np.array(table, values.dtype), raw.index, use.name)
    index = arg(use.b, "max", _is_listed(use, keys), len(use.shape(0)))
    return chosen(use.b, np.concatenate([values, default]), index, use.name)


def _is_listed(use: Use, keys: np.ndarray) -> str:
    """x == key [..., keys] as int32, and a 1 behind them."""
    x = use.value(0, *NUMBERS)
    dtype = use.b.type(x).dtype
    if keys.dtype.name != dtype or (dtype == "float32" and not np.isfinite(keys).all()):
        raise Unsupported(f"keys {keys.dtype}, which have to be finite, for {dtype}")
    wide = unsqueeze(use.b, x, (len(use.b.type(x).shape),))
    seen = cast(use.b, compare(use.b, "equal", wide, use.constant_of(keys, "keys")), "int32")
    last = expand(use.b, use.constant_of(np.int32(1), "last"), use.b.type(wide).shape)
    return concat(use.b, [seen, last], len(use.b.type(wide).shape) - 1)


def one_hot(use: Use) -> Value:
    """OneHotEncoder: x == category [..., categories] as float32; what is in no category gives
    zeros, also where the model asks for an error (zeros 0), which a module cannot raise."""
    b, raw = use.b, use.raw(0)
    words = use.texts("cats_strings", ())
    keys = np.array(words or use.integers("cats_int64s", ()), object if words else np.int64)
    if not 1 <= len(keys) <= MOST_KEYS:
        raise Unsupported(f"{len(keys)} categories")
    if isinstance(raw, Chosen):
        table = (raw.table[:, None] == keys).astype(np.float32)
        return b.renamed(gather(b, b.constant("table", table), raw.index, 0), use.name)
    x = use.value(0, *NUMBERS)
    # numbers are compared as the whole numbers that they are cut to
    wide = unsqueeze(b, cast(b, x, "int64"), (len(b.type(x).shape),))
    seen = compare(b, "equal", wide, use.constant_of(keys, "keys"))
    return b.renamed(cast(b, seen, "float32"), use.name)


OPERATORS = (
    Operator(
        "ZipMap", zip_map, ("float32",), DOMAIN,
        "gives the probabilities as a tensor; the stage of their node lists the classes",
    ),
    Operator("LabelEncoder", label_encoder, NUMBERS, DOMAIN, "of texts their indices"),
    Operator("OneHotEncoder", one_hot, NUMBERS, DOMAIN, "what is unknown gives zeros"),
)  # fmt: skip
