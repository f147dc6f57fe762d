"""What aten's attention and other products of activations become."""

from collections.abc import Mapping
from math import inf, sqrt
from typing import Any

import numpy as np

from tinsmith.compose import elementwise, movement, reduction
from tinsmith.compose.layers import dense, matmul
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.torch.operators.elements import number
from tinsmith.importers.torch.translation import Rule, Translation, Typed, Value, arguments


def attention(t: Translation, node: Any) -> Value:
    """softmax(query key^T * scale + mask) value; where a mask is false, or -inf, nothing counts,
    and a row of which nothing counts is zeros."""
    given, b = arguments(node), t.builder
    if given.get("dropout_p"):
        raise Unsupported("dropout")
    q, k, v = (t.activation(given[name]) for name in ("query", "key", "value"))
    if given.get("enable_gqa"):
        k, v = (_repeated(t, x, t.shape(q)[-3] // t.shape(x)[-3]) for x in (k, v))
    rank = len(t.shape(k))
    turned = movement.transpose(b, k, (*range(rank - 2), rank - 1, rank - 2))
    scale = given.get("scale") or 1 / sqrt(t.shape(q)[-1])
    scores = matmul(b, elementwise.binary(b, "mul", q, elementwise.scalar(b, q, scale)), turned)
    scores, kept = _masked(t, scores, given)
    shares = reduction.softmax(b, scores, -1)
    if kept:
        shares = elementwise.where(b, kept, shares, elementwise.scalar(b, shares, 0))
    return matmul(b, shares, v)


def _repeated(t: Translation, x: str, times: int) -> str:
    """Every head ``times`` times."""
    *batch, heads, length, depth = t.shape(x)
    y = movement.reshape(t.builder, x, (*batch, heads, 1, length, depth))
    y = movement.expand(t.builder, y, (*batch, heads, times, length, depth))
    return movement.reshape(t.builder, y, (*batch, heads * times, length, depth))


def _masked(t: Translation, scores: str, given: Mapping[str, Any]) -> tuple[str, str]:
    """Scores with a mask, and the name of what says which of them count (empty: all)."""
    b, mask = t.builder, given.get("attn_mask")
    value: Value | None = None if mask is None else t.read(mask)
    if given.get("is_causal"):
        value = np.tri(*t.shape(scores)[-2:], dtype=bool)
    if value is None:
        return scores, ""
    if isinstance(value, np.ndarray) and value.dtype != bool:
        counts = value > -inf
        scores = elementwise.binary(b, "add", scores, t.value(np.where(counts, value, 0), "mask"))
        value = counts
    named = t.value(value, "mask")
    if b.type(named).dtype != "bool":
        return elementwise.binary(b, "add", scores, named), ""
    low = elementwise.scalar(b, scores, -1e38)
    return elementwise.where(b, named, scores, low), named


def linear(t: Translation, node: Any) -> Value:
    """x w^T + bias with weights that are computed."""
    x, w, *rest = (t.activation(a) for a in node.args if a is not None)
    y = matmul(t.builder, x, movement.transpose(t.builder, w, (1, 0)))
    return elementwise.binary(t.builder, "add", y, rest[0]) if rest else y


def product(t: Translation, node: Any) -> Value:
    """Matrix products of any two values."""
    return matmul(t.builder, *(t.activation(a) for a in node.args[:2]))


def added_product(t: Translation, node: Any) -> Value:
    """addmm, addmv, baddbmm: beta * first + alpha * (second third)."""
    given, b = arguments(node), t.builder
    first, *factors = (t.activation(a) for a in node.args[:3])
    total = _times(t, matmul(b, *factors), given["alpha"])
    return elementwise.binary(b, "add", total, _times(t, first, given["beta"]))


def _times(t: Translation, x: str, factor: float) -> str:
    if factor == 1:
        return x
    scale = number(t, factor, t.builder.type(x).dtype)
    return elementwise.binary(t.builder, "mul", x, scale)


def bilinear(t: Translation, node: Any) -> Value:
    """y[.., o] = sum over i, j of x[.., i] w[o, i, j] z[.., j] + bias[o], with a constant w."""
    given, b = arguments(node), t.builder
    x, z, w = t.activation(given["input1"]), t.activation(given["input2"]), t.read(given["weight"])
    if not isinstance(w, np.ndarray):
        raise Unsupported("its weight is no constant")
    results, depth, width = w.shape
    parts = dense(b, x, w.transpose(0, 2, 1).reshape(results * width, depth))
    parts = movement.reshape(b, parts, (*t.shape(x)[:-1], results, width))
    scaled = elementwise.binary(b, "mul", parts, movement.unsqueeze(b, z, (-2,)))
    y = reduction.reduce(b, "sum", scaled, (-1,), False)
    if given["bias"] is None:
        return y
    return elementwise.binary(b, "add", y, t.activation(given["bias"]))


_PRODUCTS: Mapping[str, Rule] = {
    "linear.default": linear, "bmm.default": product, "mm.default": product,
    "matmul.default": product, "addmm.default": added_product, "baddbmm.default": added_product,
}  # fmt: skip
TABLE: Mapping[str, Rule] = {
    **{f"aten.{name}": Typed(rule, ("float32", "int32")) for name, rule in _PRODUCTS.items()},
    "aten.scaled_dot_product_attention.default": attention,
    "aten.bilinear.default": bilinear,
}
"""Torch's name of an operation -> its translation."""
