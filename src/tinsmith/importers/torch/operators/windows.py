"""What aten's adaptive poolings, interpolations and unfolded windows become."""

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from tinsmith.compose import movement
from tinsmith.compose.layers import (
    ConvSpec,
    PoolSpec,
    ResizeSpec,
    along,
    conv_transpose,
    pool,
    resize,
)
from tinsmith.compose.reduction import reduce
from tinsmith.importers.torch.translation import (
    EVERY,
    Rule,
    Translation,
    Typed,
    Value,
    arguments,
    result_shape,
)


def adaptive(kind: str, count: int) -> Rule:
    """Means or maxima over parts of the last ``count`` axes, which overlap where the lengths do not
    divide: part i of n reaches from floor(i L / n) to ceil((i + 1) L / n)."""

    def rule(t: Translation, node: Any) -> Any:
        x, shape = t.activation(node.args[0]), t.shape(t.read(node.args[0]))
        found = node.meta["val"]
        wanted = tuple(int(d) for d in (found[0] if isinstance(found, tuple) else found).shape)
        y = _parts(t, kind, x, wanted, range(len(shape) - count, len(shape)))
        return (y,) if isinstance(found, tuple) else y

    return rule


def _parts(t: Translation, kind: str, x: str, wanted: tuple[int, ...], spatial: range) -> str:
    b, shape = t.builder, t.shape(x)
    if all(wanted[a] == 1 for a in spatial):
        return reduce(b, "mean" if kind == "avg" else "max", x, tuple(spatial), True)
    if len(shape) > len(spatial) + 1 and not any(shape[a] % wanted[a] for a in spatial):
        size = tuple(shape[a] // wanted[a] for a in spatial)
        return pool(b, kind, x, PoolSpec(size, size))
    for axis in spatial:
        n, parts = shape[axis], np.arange(wanted[axis])
        starts, ends = parts * n // len(parts), -(-(parts + 1) * n // len(parts))
        if kind == "avg":
            at = np.arange(n)
            inside = (at >= starts[:, None]) & (at < ends[:, None])
            x = along(b, x, inside / (ends - starts)[:, None], axis)
        else:
            places = starts[:, None] + np.arange((ends - starts).max())
            taken = movement.take(b, x, np.minimum(places, ends[:, None] - 1), axis)
            x = reduce(b, "max", taken, (axis + 1,), False)
    return x


def nearest(shift: float) -> Rule:
    """The element at floor((i + shift) / factor), in float32 as torch computes it."""

    def rule(t: Translation, node: Any) -> Value:
        given, x = arguments(node), t.activation(node.args[0])
        before, after = t.shape(x)[2:], result_shape(node)[2:]
        factors = given["scale_factors"] or [None] * len(after)
        for axis, (n, size, factor) in enumerate(zip(before, after, factors, strict=True), 2):
            step = np.float32(1 / factor if factor else n / size)
            seen = (np.arange(size, dtype=np.float32) + np.float32(shift)) * step
            places = np.minimum(np.floor(seen).astype(np.int64), n - 1)
            x = movement.take(t.builder, x, places, axis)
        return x

    return rule


def interpolated(mode: str) -> Rule:
    """upsample_linear, bilinear, trilinear, bicubic: factors count unless corners are aligned."""

    def rule(t: Translation, node: Any) -> Value:
        given, x = arguments(node), t.activation(node.args[0])
        sizes, corners = result_shape(node)[2:], bool(given["align_corners"])
        how = ResizeSpec(
            mode, "align_corners" if corners else "half_pixel",
            scales=() if corners else tuple(given["scale_factors"] or ()),
        )  # fmt: skip
        return resize(t.builder, x, tuple(range(2, len(sizes) + 2)), sizes, how)

    return rule


def _pairs(given: Mapping[str, Any]) -> list[tuple[int, int]]:
    """kernel, dilation, padding, stride as (rows, columns)."""
    names = ("kernel_size", "dilation", "padding", "stride")
    return [(int(given[n][0]), int(given[n][-1])) for n in names]


def im2col(t: Translation, node: Any) -> Value:
    """nn.Unfold: every window as a column, [batch, channels * rows * columns, windows]."""
    given, x, b = arguments(node), t.activation(node.args[0]), t.builder
    kernel, dilation, padding, stride = _pairs(given)
    x = movement.pad(b, x, [(0, 0), (0, 0), *((p, p) for p in padding)], 0)
    n, c, h, w = t.shape(x)
    places = [
        (d - (k - 1) * e - 1) // s + 1
        for d, k, e, s in zip((h, w), kernel, dilation, stride, strict=True)
    ]
    walk = movement.Walk(
        (n, c, *kernel, *places),
        (c * h * w, h * w, dilation[0] * w, dilation[1], stride[0] * w, stride[1]),
    )
    return movement.strided(b, x, walk, (n, c * prod(kernel), prod(places)))


def col2im(t: Translation, node: Any) -> Value:
    """nn.Fold: windows laid where they belong, overlaps added: a transposed convolution of each
    channel's places with themselves."""
    given, x, b = arguments(node), t.activation(node.args[0]), t.builder
    kernel, dilation, padding, stride = _pairs(given)
    n, depth, _ = t.shape(x)
    size = [int(d) for d in given["output_size"]]
    spans = [
        d + 2 * p - (k - 1) * e - 1
        for d, p, k, e in zip(size, padding, kernel, dilation, strict=True)
    ]
    places = [r // s + 1 for r, s in zip(spans, stride, strict=True)]
    rest = tuple(r % s for r, s in zip(spans, stride, strict=True))
    weights = np.tile(np.eye(prod(kernel), dtype=np.float32), (depth // prod(kernel), 1))
    spec = ConvSpec(
        stride, tuple((p, p) for p in padding), dilation, depth // prod(kernel),
        output_padding=rest,
    )  # fmt: skip
    x = movement.reshape(b, x, (n, depth, *places))
    return conv_transpose(b, x, weights.reshape(depth, 1, *kernel), None, spec)


_UPSAMPLINGS: Mapping[str, Rule] = {
    **{f"upsample_nearest{n}d": nearest(0.0) for n in (1, 2, 3)},
    **{f"_upsample_nearest_exact{n}d": nearest(0.5) for n in (1, 2, 3)},
    "upsample_linear1d": interpolated("linear"),
    "upsample_bilinear2d": interpolated("linear"),
    "upsample_trilinear3d": interpolated("linear"),
    "upsample_bicubic2d": interpolated("cubic"),
}
TABLE: Mapping[str, Rule] = {
    **{
        f"aten.adaptive_{kind}_pool{n}d.default": adaptive(kind, n)
        for kind in ("avg", "max")
        for n in (1, 2, 3)
    },
    **{f"aten.{name}.vec": rule for name, rule in _UPSAMPLINGS.items()},
    "aten.im2col.default": Typed(im2col, EVERY),
    "aten.col2im.default": col2im,
}
"""Torch's name of a layer -> its translation."""
