"""Values of pictures at computed places: AffineGrid, GridSample, DeformConv.

Along each axis a place takes one, two or four neighbours ("taps"); their weights are polynomials of
the distance, their indices go into one gather. Source: ONNX operators (onnx/docs/Operators.md) and
the package's reference evaluation; Keys, "Cubic convolution interpolation", IEEE TASSP 1981.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from tinsmith.compose import movement
from tinsmith.compose.elementwise import binary, cast, clip, compare, logical, unary, where
from tinsmith.compose.layers import matmul
from tinsmith.compose.reduction import reduce
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.operators.movement import bound
from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.windows import window

FLOAT = ("float32",)
MOST_BATCH = 64
MOST_PLACES = 2**24
"""Indices are computed in float32, which holds whole numbers up to here."""
_TAPS = {"nearest": (0,), "linear": (0, 1), "cubic": (-1, 0, 1, 2)}
_MODES = {"bilinear": "linear", "bicubic": "cubic"}
_KEYS = -0.75


@dataclass(frozen=True)
class Sampling:
    """How values are read at places of a picture.

    Args:
        mode: nearest, linear or cubic.
        padding: zeros, border or reflection; what is read outside.
        align: whether a picture ends at the centres of its outermost elements.
    """

    mode: str
    padding: str
    align: bool

    def ends(self, length: int) -> tuple[float, float]:
        """First and last place of an axis."""
        return (0.0, length - 1.0) if self.align else (-0.5, length - 0.5)


def _affine_grid(use: Use) -> str:
    """theta [n, 2, 3] or [n, 3, 4] applied to every place of a grid from -1 to 1."""
    theta, size = use.value(0, *FLOAT), use.whole(1)
    lengths, batch = size[2:], use.shape(0)[0]
    count = len(lengths)
    if count not in (2, 3) or use.shape(0) != (size[0], count, count + 1):
        raise Unsupported(f"theta {use.shape(0)} for a size of {size}")
    bound([*lengths, count + 1], 4)
    axes = [_steps(n, bool(use.integer("align_corners", 0))) for n in lengths]
    places = np.stack([*np.meshgrid(*axes, indexing="ij")][::-1], -1).reshape(-1, count)
    base = np.concatenate([places, np.ones((len(places), 1))], 1).astype(np.float32)
    turned = movement.transpose(use.b, theta, (0, 2, 1))
    y = matmul(use.b, base, turned)
    return use.b.renamed(movement.reshape(use.b, y, (batch, *lengths, count)), use.name)


def _steps(length: int, align: bool) -> np.ndarray:
    if align:
        return np.linspace(-1, 1, length) if length > 1 else np.full(1, -1.0)
    return (2 * np.arange(length) + 1) / length - 1


def _grid_sample(use: Use) -> str:
    x, grid = use.value(0, *FLOAT), use.value(1, *FLOAT)
    mode = use.text("mode", "linear")
    how = Sampling(
        _MODES.get(mode, mode), use.text("padding_mode", "zeros"),
        bool(use.integer("align_corners", 0)),
    )  # fmt: skip
    shape, places = use.shape(0), use.shape(1)
    lengths = shape[2:]
    if how.mode not in _TAPS or how.padding not in ("zeros", "border", "reflection"):
        raise Unsupported(f"mode {how.mode!r}, padding_mode {how.padding!r}")
    if not 1 <= len(lengths) <= 3 or places[-1:] != (len(lengths),) or places[0] != shape[0]:
        raise Unsupported(f"a grid {places} over x {shape}")
    if shape[0] > MOST_BATCH or prod(lengths) > MOST_PLACES:
        raise Unsupported(f"x {shape}; at most {MOST_BATCH} pictures of {MOST_PLACES} elements")
    parts = [
        _picture(use, x, n, [_place(use, grid, n, a, how) for a in range(len(lengths))], how)
        for n in range(shape[0])
    ]
    y = movement.concat(use.b, parts, 0)
    wanted = (*shape[:2], *places[1:-1])
    return use.b.renamed(movement.reshape(use.b, y, wanted), use.name)


def _place(use: Use, grid: str, picture: int, axis: int, how: Sampling) -> str:
    """Places [p] along one spatial axis of a picture: -1 to 1 becomes elements."""
    b, shape = use.b, use.shape(1)
    length = use.shape(0)[2 + axis]
    one = movement.cut(
        b, movement.cut(b, grid, 0, picture, 1), len(shape) - 1, -1 - axis + shape[-1], 1
    )
    raised = binary(b, "add", movement.reshape(b, one, (-1,)), use.constant_of(np.float32(1)))
    if how.align:
        half = binary(b, "mul", raised, use.constant_of(np.float32(0.5)))
        return binary(b, "mul", half, use.constant_of(np.float32(length - 1)))
    wide = binary(b, "mul", raised, use.constant_of(np.float32(length)))
    moved = binary(b, "sub", wide, use.constant_of(np.float32(1)))
    return binary(b, "mul", moved, use.constant_of(np.float32(0.5)))


def _picture(use: Use, x: str, number: int, places: Sequence[str], how: Sampling) -> str:
    """One picture of x [1, channels, p] at places [p] along each of its axes."""
    b, (_, channels, *lengths) = use.b, use.shape(0)
    rows = movement.reshape(b, movement.cut(b, x, 0, number, 1), (channels, prod(lengths)))
    return movement.unsqueeze(b, sampled(use, rows, lengths, places, how), (0,))


def sampled(
    use: Use, rows: str, lengths: Sequence[int], places: Sequence[str], how: Sampling
) -> str:
    """Values [channels, p] of a picture ``rows`` [channels, elements] at places [p] per axis; taps
    are added in row-major order."""
    b, count = use.b, use.b.type(places[0]).elements
    index, weight = _taps(use, places[0], lengths[0], how)
    for place, length in zip(places[1:], lengths[1:], strict=True):
        more, factor = _taps(use, place, length, how)
        step = binary(b, "mul", index, use.constant_of(np.float32(length)))
        index = _outer(use, "add", step, more)
        weight = _outer(use, "mul", weight, factor)
    bound([b.type(rows).shape[0], *b.type(index).shape], 4)
    seen = movement.gather(b, rows, cast(b, index, "int32"), 1)
    taps = b.type(index).shape[0]
    weighted = binary(b, "mul", seen, weight)
    if taps > 1:
        weighted = reduce(b, "sum", weighted, (1,), False)
    return movement.reshape(b, weighted, (b.type(rows).shape[0], count))


def _outer(use: Use, op: str, x: str, y: str) -> str:
    """Every row of x [m, p] with every row of y [n, p]: [m * n, p]."""
    b, (m, p), n = use.b, use.b.type(x).shape, use.b.type(y).shape[0]
    left = movement.expand(b, movement.reshape(b, x, (m, 1, p)), (m, n, p))
    right = movement.expand(b, movement.reshape(b, y, (1, n, p)), (m, n, p))
    return movement.reshape(b, binary(b, op, left, right), (m * n, p))


def _taps(use: Use, place: str, length: int, how: Sampling) -> tuple[str, str]:
    """Indices, as float32, and weights of the neighbours along one axis: [taps, p] each."""
    b, steps = use.b, np.array(_TAPS[how.mode], np.float32)[:, None]
    at = movement.unsqueeze(b, place, (0,))
    if how.mode == "nearest":
        at = unary(b, "round", at)
    at = _padded(use, at, length, how)
    first = at if how.mode == "nearest" else unary(b, "floor", at)
    shape = (len(steps), b.type(at).shape[1])
    wide = movement.expand(b, first, shape)
    index = wide if len(steps) == 1 else binary(b, "add", wide, use.constant_of(steps))
    weight = _weights(use, movement.expand(b, at, shape), index, how.mode)
    if how.padding == "zeros":
        limits = (use.constant_of(np.float32(v)) for v in (0, length - 1))
        sides = zip(("greater_equal", "less_equal"), limits, strict=True)
        low, high = (compare(b, side, index, limit) for side, limit in sides)
        weight = where(b, logical(b, "and", low, high), weight, use.constant_of(np.float32(0)))
    return clip(b, _padded(use, index, length, how), 0.0, float(length - 1)), weight


def _padded(use: Use, place: str, length: int, how: Sampling) -> str:
    """Places outside of the axis moved to its border, or reflected; the others as they are."""
    if how.padding == "zeros":
        return place
    b, (first, last) = use.b, how.ends(length)
    if first == last:
        return movement.expand(
            b, use.constant_of(np.zeros((1, 1), np.float32)), b.type(place).shape
        )
    low = compare(b, "less", place, use.constant_of(np.float32(first)))
    high = compare(b, "greater", place, use.constant_of(np.float32(last)))
    outside = logical(b, "or", low, high)
    if how.padding == "border":
        return where(b, outside, clip(b, place, 0.0, float(length - 1)), place)
    width = use.constant_of(np.float32(last - first))
    start, end = (use.constant_of(np.float32(v)) for v in (first, last))
    far = unary(b, "abs", binary(b, "sub", place, start))
    turns = unary(b, "floor", binary(b, "div", far, width))
    rest = binary(b, "sub", far, binary(b, "mul", turns, width))
    half = binary(b, "mul", turns, use.constant_of(np.float32(0.5)))
    even = compare(b, "equal", unary(b, "floor", half), half)
    back = where(b, even, binary(b, "add", rest, start), binary(b, "sub", end, rest))
    return where(b, outside, back, place)


def _weights(use: Use, at: str, index: str, mode: str) -> str:
    """Weights of neighbours by their distance: 1; 1 - d; Keys' two cubics."""
    b, shape = use.b, use.b.type(index).shape
    if mode == "nearest":
        return movement.expand(b, use.constant_of(np.ones((1, 1), np.float32)), shape)
    far = unary(b, "abs", binary(b, "sub", at, index))
    if mode == "linear":
        return binary(b, "sub", use.constant_of(np.float32(1)), far)
    inner = _polynomial(use, far, (_KEYS + 2, -(_KEYS + 3), 0.0, 1.0))
    outer = _polynomial(use, far, (_KEYS, -5 * _KEYS, 8 * _KEYS, -4 * _KEYS))
    near = np.array([[False], [True], [True], [False]])
    return where(b, use.constant_of(near), inner, outer)


def _polynomial(use: Use, x: str, factors: Sequence[float]) -> str:
    """Horner's scheme, highest power first."""
    first, *rest = (use.constant_of(np.float32(f)) for f in factors)
    y = binary(use.b, "mul", x, first)
    for i, factor in enumerate(rest):
        y = binary(use.b, "add", y, factor)
        if i + 1 < len(rest):
            y = binary(use.b, "mul", y, x)
    return y


def _deform_conv(use: Use) -> str:
    """A convolution over x [n, c, h, w] whose taps are moved by offsets, and weighted by a mask."""
    x, w = use.value(0, *FLOAT), use.weights(1)
    shape, kernel = use.shape(0), use.shape(1)
    if len(shape) != 4 or len(kernel) != 4 or shape[0] > MOST_BATCH:
        raise Unsupported(f"x {shape} and weights {kernel}; supported: up to {MOST_BATCH} pictures")
    groups, moved = use.integer("group", 1), use.integer("offset_group", 1)
    taps, channels, results = prod(kernel[2:]), shape[1], kernel[0]
    _, _, *out = use.shape(2)
    fits = use.shape(2)[:2] == (shape[0], 2 * moved * taps) and channels % moved == 0
    if not fits or channels != groups * kernel[1] or results % groups:
        raise Unsupported(f"offsets {use.shape(2)}, {groups} groups, {moved} groups of offsets")
    pictures = [_columns(use, x, n, kernel, moved) for n in range(shape[0])]
    columns = movement.concat(use.b, pictures, 0)
    depth = kernel[1] * taps
    columns = movement.reshape(use.b, columns, (shape[0] * groups, depth, prod(out)))
    weights = _repeated(use, w, (groups, results // groups, depth), shape[0])
    y = movement.reshape(use.b, matmul(use.b, weights, columns), (shape[0], results, *out))
    if not use.has(3):
        return use.b.renamed(y, use.name)
    bias = movement.reshape(use.b, use.value(3, *FLOAT), (results, 1, 1))
    return binary(use.b, "add", y, bias, name=use.name)


def _repeated(use: Use, w: str | np.ndarray, shape: tuple[int, ...], times: int) -> str:
    """Weights, once for each picture."""
    named = use.constant_of(w.reshape(shape)) if isinstance(w, np.ndarray) else w
    return movement.tile(use.b, movement.reshape(use.b, named, shape), (times, 1, 1))


def _columns(use: Use, x: str, number: int, kernel: Sequence[int], moved: int) -> str:
    """What each tap sees of a picture: [1, channels, taps, places]."""
    b, (_, channels, *lengths) = use.b, use.shape(0)
    out = use.shape(2)[2:]
    each, taps, places = channels // moved, prod(kernel[2:]), prod(out)
    fixed = _fixed(use, lengths, kernel[2:], out)
    offset = movement.reshape(b, movement.cut(b, use.value(2, *FLOAT), 0, number, 1),
                              (moved, taps, 2, places))  # fmt: skip
    parts = []
    for group in range(moved):
        own = movement.cut(b, offset, 0, group, 1)
        lines = [movement.reshape(b, movement.cut(b, own, 2, a, 1), (-1,)) for a in range(2)]
        at = [binary(b, "add", s, use.constant_of(f)) for s, f in zip(lines, fixed, strict=True)]
        rows = movement.cut(b, movement.cut(b, x, 0, number, 1), 1, group * each, each)
        rows = movement.reshape(b, rows, (each, prod(lengths)))
        seen = sampled(use, rows, lengths, at, Sampling("linear", "zeros", True))
        parts.append(_masked(use, seen, number, group, moved))
    seen = movement.concat(b, parts, 0)
    return movement.reshape(b, seen, (1, channels, taps, places))


def _masked(use: Use, seen: str, number: int, group: int, moved: int) -> str:
    """Samples [channels, taps * places] times the mask of their group."""
    if not use.has(4):
        return seen
    b, mask = use.b, movement.cut(use.b, use.value(4, *FLOAT), 0, number, 1)
    taps = b.type(mask).shape[1] // moved
    own = movement.reshape(b, movement.cut(b, mask, 1, group * taps, taps), (-1,))
    return binary(b, "mul", seen, own)


def _fixed(
    use: Use, lengths: Sequence[int], kernel: Sequence[int], out: Sequence[int]
) -> list[np.ndarray]:
    """Row and column of each tap at each place [taps * places] before it is moved."""
    stride, dilation, pads = window(use, lengths, kernel)
    found = []
    for a in range(2):
        room = lengths[a] + sum(pads[a]) - (kernel[a] - 1) * dilation[a] - 1
        if room // stride[a] + 1 != out[a]:
            raise Unsupported(f"offsets for {tuple(out)} places, which x {tuple(lengths)} has not")
        form = [1, 1, 1, 1]
        form[a] = kernel[a]
        tap = (np.arange(kernel[a]) * dilation[a]).reshape(form)
        form = [1, 1, 1, 1]
        form[2 + a] = out[a]
        place = (np.arange(out[a]) * stride[a] - pads[a][0]).reshape(form)
        grid = np.broadcast_to(tap + place, (*kernel, *out))
        found.append(grid.reshape(-1).astype(np.float32))
    return found


OPERATORS = (
    Operator("AffineGrid", _affine_grid, FLOAT, note="constant size"),
    Operator("GridSample", _grid_sample, FLOAT, note="1 to 3 spatial axes"),
    Operator("DeformConv", _deform_conv, FLOAT, note="2 spatial axes"),
)
