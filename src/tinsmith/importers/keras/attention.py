"""Attention layers of Keras: softmax(query key^T * scale) value.

Where the causal mask, or an attention mask, does not hold, nothing counts.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from tinsmith.compose import elementwise, movement, reduction
from tinsmith.compose.layers import dense, matmul
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.keras.translate import Use

REFUSED = ("query_mask", "value_mask", "key_mask")
PARTS = {"query": "query", "key": "key", "value": "value", "output": "attention_output"}
"""Projections: their names in ``.keras`` files (with _dense) -> in ``.h5`` files."""
GROUPED = ("GroupQueryAttention", "GroupedQueryAttention")
"""Names of one class: the one that it is exported by, and its own, which .h5 files hold."""
MASKED_OUT = -1e38


def multi_head(use: Use) -> str | Sequence[str]:
    """MultiHeadAttention and GroupQueryAttention, in which several queries share a key."""
    b, grouped = use.b, use.layer.kind in GROUPED
    if use.config.get("use_gate") or use.config.get("sliding_window") is not None:
        raise Unsupported("a gate or a window")
    query, key, value = _operands(use)
    q, k, v = (
        _heads(use, x, part) for x, part in ((query, "query"), (key, "key"), (value, "value"))
    )
    if grouped:
        k, v = (_repeated(use, x, use.type(q).shape[1] // use.type(x).shape[1]) for x in (k, v))
    turned = movement.transpose(b, k, (0, 1, 3, 2))
    scale = elementwise.scalar(b, q, 1 / sqrt(use.type(q).shape[-1]))
    scores = matmul(b, elementwise.binary(b, "mul", q, scale), turned)
    shares = _shares(use, scores)
    y = movement.transpose(b, matmul(b, shares, v), (0, 2, 1, 3))
    kernel, bias = _projection(use, "output")
    batch, steps, heads, depth = use.type(y).shape
    rows = movement.reshape(b, y, (batch, steps, heads * depth))
    w = kernel.reshape(heads * depth, -1).T
    y = b.renamed(dense(b, rows, w, None if bias is None else bias.ravel()), use.name)
    y = movement.reshape(b, y, (batch, steps, *kernel.shape[2:]))
    return [y, shares] if use.keywords.get("return_attention_scores") else y


def _operands(use: Use) -> tuple[str, str, str]:
    """query, key, value: in the order query, value, key, or by name; the key is the value where
    there is none."""
    if len(use.operands) < 2 or any(use.keywords.get(m) is not None for m in REFUSED):
        raise Unsupported("masks of sequences, or less than a query and a value")
    named = {k: v for k, v in use.keywords.items() if v in use.operands}
    positional = use.operands[: len(use.operands) - len(named)]
    found: dict[str, str] = dict(zip(("query", "value", "key"), positional, strict=False)) | named
    if set(found) - {"query", "value", "key", "attention_mask"} or len(positional) > 3:
        raise Unsupported(f"operands {sorted(found)}")
    if any(len(use.type(found[k]).shape) != 3 for k in ("query", "value")):
        raise Unsupported("operands with more axes than [batch, steps, depth]")
    return found["query"], found.get("key") or found["value"], found["value"]


def _projection(use: Use, part: str) -> tuple[np.ndarray, np.ndarray | None]:
    biased = use.config.get("use_bias", True)
    names = ("kernel", "bias") if biased else ("kernel",)
    folder = "_" * (use.layer.kind in GROUPED) + f"{part}_dense"
    w = use.weights(*names, part=folder, inner=PARTS[part])
    return w["kernel"], w.get("bias")


def _heads(use: Use, x: str, part: str) -> str:
    """[batch, steps, depth] -> [batch, heads, steps, depth of a head]."""
    kernel, bias = _projection(use, part)
    depth, heads, size = kernel.shape
    y = dense(use.b, x, kernel.reshape(depth, -1).T, None if bias is None else bias.ravel())
    y = movement.reshape(use.b, y, (*use.type(x).shape[:2], heads, size))
    return movement.transpose(use.b, y, (0, 2, 1, 3))


def _repeated(use: Use, x: str, times: int) -> str:
    """Every head ``times`` times."""
    batch, heads, steps, depth = use.type(x).shape
    y = movement.reshape(use.b, x, (batch, heads, 1, steps, depth))
    y = movement.expand(use.b, y, (batch, heads, times, steps, depth))
    return movement.reshape(use.b, y, (batch, heads * times, steps, depth))


def _shares(use: Use, scores: str) -> str:
    """softmax along the last axis of what the masks leave."""
    b, masks = use.b, []
    if use.keywords.get("use_causal_mask"):
        rows, columns = use.type(scores).shape[-2:]
        square = np.tri(rows, columns) > 0
        masks.append(use.constant("causal", square))
    if (given := use.keywords.get("attention_mask")) is not None:
        shape = use.type(given).shape
        wide = (shape[0], 1, *shape[1:]) if len(shape) == 3 else shape
        masks.append(elementwise.cast(b, movement.reshape(b, given, wide), "bool"))
    for mask in masks:
        low = elementwise.scalar(b, scores, MASKED_OUT)
        scores = elementwise.where(b, mask, scores, low)
    return reduction.softmax(b, scores, -1)


def attention(use: Use) -> str | Sequence[str]:
    """Attention (score_mode ``dot``) and AdditiveAttention: a query, a value and perhaps a key
    without projections."""
    b, config = use.b, use.config
    if not 2 <= len(use.operands) <= 3:
        raise Unsupported(f"{len(use.operands)} operands; expected query, value and perhaps key")
    query, value, *rest = use.operands
    key = rest[0] if rest else value
    scaled = bool(config.get("use_scale", use.layer.kind == "AdditiveAttention"))
    scale = use.weights("scale")["scale"] if scaled else None
    if use.layer.kind == "AdditiveAttention":
        scores = _additive(use, query, key, scale)
    else:
        use.require("score_mode", "dot")
        scores = matmul(b, query, movement.transpose(b, key, (0, 2, 1)))
        if scale is not None:
            scores = elementwise.binary(b, "mul", scores, use.constant("scale", scale))
    shares = _shares(use, scores)
    y = matmul(b, shares, value)
    return [y, shares] if use.keywords.get("return_attention_scores") else y


def _additive(use: Use, query: str, key: str, scale: np.ndarray | None) -> str:
    """sum of scale * tanh(query + key) over the last axis."""
    both = elementwise.binary(
        use.b, "add", movement.unsqueeze(use.b, query, (2,)), movement.unsqueeze(use.b, key, (1,))
    )
    curve = elementwise.unary(use.b, "tanh", both)
    if scale is not None:
        curve = elementwise.binary(use.b, "mul", curve, use.constant("scale", scale))
    return reduction.reduce(use.b, "sum", curve, (-1,), False)
