"""What steps are executed on: every tap and bias to be seen, sums at their ends and next to where
the requantised result changes; deterministic."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tinsmith.ir.graph import Graph
from tinsmith.ir.types import TensorType
from tinsmith.prove.certificate.layers import Layer

RUNS = 3
"""Inferences of the whole image, and as many traces whose operands steps are executed on."""
INTEGERS = ("int8", "uint8", "int16")
_WALK = 48
"""Taps that are turned to reach a sum: the largest and the smallest weights."""
_TRIES, _PAIRED, _MOVE = 4, 8, 5
"""How often a change of two taps is tried, of how many with small weights, and by how much."""
_LEVELS = 512
"""Most results of one channel whose breakpoints are looked for."""


@dataclass(frozen=True)
class Patches:
    """What windows of x see, less x's zero point: [patch, group, taps]; ``wanted``: patches that
    aim at a sum, and that sum, [patch, group, 2]: (channel or -1, sum)."""

    values: np.ndarray
    wanted: np.ndarray


def plain(type: TensorType, rng: np.random.Generator, count: int) -> Iterator[np.ndarray]:
    """Contents of an operand of integers, for any kernel: all values in a row, both ends, both
    ends in turn, then random ones."""
    info, shape = np.iinfo(type.dtype), type.shape
    numbers = np.arange(type.elements).reshape(shape)
    span = int(info.max) - int(info.min) + 1
    for start in range(min(count, 2)):
        yield ((numbers * (start + 1)) % span + int(info.min)).astype(type.dtype)
    yield np.full(shape, info.min, type.dtype)
    yield np.full(shape, info.max, type.dtype)
    yield np.where(numbers % 2, info.max, info.min).astype(type.dtype)
    for _ in range(count):
        yield rng.integers(info.min, info.max + 1, shape).astype(type.dtype)


def patches(layer: Layer, rng: np.random.Generator, most: int) -> Patches:
    """At most so many: sums at both ends, a unit in each tap at each end on a random base, and
    sums next to breakpoints with what is left."""
    groups = len(layer.weights)
    ends, units = _ends(layer), _units(layer, rng)
    units = units[rng.permutation(len(units))[: max(1, most // 2)]]
    given = np.concatenate([ends, units])
    aimed, wanted = _aimed(layer, rng, max(most - len(given), most // 3))
    values = np.concatenate([given, aimed])
    order = rng.permutation(len(values))[:most]
    unaimed = np.full((len(given), groups, 2), -1)
    return Patches(values[order], np.concatenate([unaimed, wanted])[order])


def _ends(layer: Layer) -> np.ndarray:
    """The largest and the smallest sum of each channel of each group."""
    low, high = layer.ends
    turned = np.moveaxis(layer.weights, 1, 0)
    return np.concatenate([np.where(turned > 0, high, low), np.where(turned > 0, low, high)])


def _units(layer: Layer, rng: np.random.Generator) -> np.ndarray:
    """For each tap, one end of the range there and then the other, on a base of small values."""
    (groups, _, taps), (low, high) = layer.weights.shape, layer.ends
    base = rng.integers(max(low, -40), min(high, 40) + 1, (2, taps, groups, taps))
    each = np.arange(taps)
    base[0, each, :, each], base[1, each, :, each] = low, high
    return base.reshape(2 * taps, groups, taps)


def breakpoints(layer: Layer) -> list[np.ndarray]:
    """For each channel (group after group) the sums at which its result becomes another: the first
    sum of each new result, found by halving."""
    low, high = layer.within()
    first, last = (layer.result(v[None])[0].astype(np.int64) for v in (low, high))
    count = int((last - first).max(initial=0)) if layer.requantised else 0
    steps = first + np.arange(1, min(count, _LEVELS) + 1)[:, None] * max(1, count // _LEVELS)
    below, above = (np.broadcast_to(v, steps.shape).copy() for v in (low, high))
    while (above - below > 1).any():
        middle = below + (above - below) // 2
        reached = layer.result(middle).astype(np.int64) >= steps
        above, below = np.where(reached, middle, above), np.where(reached, below, middle)
    return [np.unique(above[steps[:, c] <= last[c], c]) for c in range(len(low))]


def _aimed(layer: Layer, rng: np.random.Generator, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows whose sum is the last before or the first at a breakpoint."""
    groups, channels, taps = layer.weights.shape
    found = breakpoints(layer)
    rows = min(most, channels * 2 * max((len(f) for f in found), default=0))
    values = np.zeros((rows, groups, taps), np.int64)
    wanted = np.full((rows, groups, 2), -1)
    for g in range(groups):
        for m in range(channels):
            mine = np.arange(m, rows, channels)
            own = np.stack([found[g * channels + m] - 1, found[g * channels + m]], 1).ravel()
            if len(own) and len(mine):
                turn = (np.arange(len(mine)) * max(1, len(own) // len(mine) | 1) + m) % len(own)
                wanted[mine, g, 0], wanted[mine, g, 1] = m, own[turn]
                values[mine, g] = solved(layer, (g, m), own[turn], rng)
    return values, wanted


def solved(
    layer: Layer, channel: tuple[int, int], sums: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Values of the taps, less the zero point, whose sum comes as near as a walk from the largest
    to the smallest weight brings it, and then a change of two taps; [sum, taps]."""
    w, (low, high) = layer.weights[channel], layer.ends
    x = rng.integers(max(low, -30), min(high, 30) + 1, (len(sums), len(w)))
    left = sums - layer.bias[channel] - x @ w
    order = np.argsort(-np.abs(w), kind="stable")
    order = order[w[order] != 0]
    if len(order) > _WALK:
        order = np.concatenate([order[: _WALK // 2], order[-_WALK // 2 :]])
    for t in (*order, *order):
        new = np.clip(x[:, t] + np.rint(left / w[t]).astype(np.int64), low, high)
        left -= (new - x[:, t]) * w[t]
        x[:, t] = new
    for _ in range(_TRIES):
        if left.any():
            _mend((x, left), w, layer.ends, rng)
    return x


def _mend(
    found: tuple[np.ndarray, np.ndarray],
    w: np.ndarray,
    ends: tuple[int, int],
    rng: np.random.Generator,
) -> None:
    """Where something is left of a sum that changes of two taps make up, change them: values and
    what is left, both in place."""
    (x, left), taps = found, np.flatnonzero(w)
    taps = taps[np.argsort(np.abs(w[taps]), kind="stable")][:_PAIRED]
    moves = np.arange(-_MOVE, _MOVE + 1)
    each = np.stack([v.ravel() for v in np.meshgrid(taps, moves, taps, moves, indexing="ij")])
    each = each[:, rng.permutation(each.shape[1])]
    sums, pick = np.unique(w[each[0]] * each[1] + w[each[2]] * each[3], return_index=True)
    if not len(sums):
        return
    at = np.minimum(np.searchsorted(sums, left), len(sums) - 1)
    rows = np.flatnonzero((left != 0) & (sums[at] == left))
    first, by, second, more = each[:, pick[at[rows]]]
    changed = x[rows]
    here = np.arange(len(rows))
    changed[here, first] += by
    changed[here, second] += more
    fits = ((changed >= ends[0]) & (changed <= ends[1])).all(axis=1)
    x[rows[fits]], left[rows[fits]] = changed[fits], 0


def windows_of(layer: Layer) -> list[tuple[int, int]]:
    """Results whose windows do not meet, all of them within x if any are."""
    if layer.window is None:
        return [(row, 0) for row in range(layer.x_type.shape[0])]
    w = layer.window
    axes = []
    for axis, pad in ((0, w.padding[0]), (1, w.padding[2])):
        stride, reach = w.stride[axis], w.extent[axis]
        inside = [
            i for i in range(w.results[axis])
            if i * stride >= pad and i * stride - pad + reach <= w.size[axis]
        ]  # fmt: skip
        axes.append(inside[:: -(-reach // stride)] or [w.results[axis] // 2])
    return [(i, j) for i in axes[0] for j in axes[1]]


def planted(
    layer: Layer, given: np.ndarray, rng: np.random.Generator
) -> tuple[list[np.ndarray], np.ndarray]:
    """Contents of x whose windows see patches, as many in each as do not meet, on random ground;
    and which taps lie within x."""
    info, shape = np.iinfo(layer.x_type.dtype), layer.x_type.shape
    spots, found = windows_of(layer), []
    seen = np.ones(given.shape[1:], bool)
    for start in range(0, len(given), len(spots)):
        x = rng.integers(info.min, info.max + 1, shape)
        for spot, patch in zip(spots, given[start : start + len(spots)], strict=False):
            seen = _put(layer, x, spot, patch + layer.x_zero)
        found.append(x.astype(layer.x_type.dtype))
    return found, seen


def _put(layer: Layer, x: np.ndarray, spot: tuple[int, int], patch: np.ndarray) -> np.ndarray:
    """Plant one patch; says which of its taps lie within x."""
    groups, taps = patch.shape
    w = layer.window
    if w is None:
        x[spot[0]] = patch.ravel()
        return np.ones(patch.shape, bool)
    apart = np.moveaxis(patch.reshape(groups, *w.kernel, layer.depth), 0, 2)
    block = apart.reshape(*w.kernel, groups * layer.depth)
    rows, columns = (
        spot[k] * w.stride[k] - w.padding[2 * k] + np.arange(w.kernel[k]) * w.dilation[k]
        for k in (0, 1)
    )
    in_rows, in_columns = ((v >= 0) & (v < s) for v, s in zip((rows, columns), w.size, strict=True))
    x[0][np.ix_(rows[in_rows], columns[in_columns])] = block[np.ix_(in_rows, in_columns)]
    within = np.outer(in_rows, in_columns).reshape(1, -1, 1)
    return np.broadcast_to(within, (groups, within.shape[1], layer.depth)).reshape(groups, taps)


def runs_of(graph: Graph) -> dict[str, np.ndarray]:
    """Floats around zero, small integers anywhere in their range, others 0 or 1, as they may be
    indices."""
    rng, found = np.random.default_rng(2), {}
    for name in graph.inputs:
        type = graph.type(name)
        shape = (RUNS, *type.shape)
        if type.dtype == "float32":
            found[name] = rng.standard_normal(shape).astype(np.float32)
        else:
            info = np.iinfo(type.dtype) if type.dtype in INTEGERS else None
            low, high = (info.min, info.max + 1) if info else (0, 2)
            found[name] = rng.integers(low, high, shape).astype(type.dtype)
    return found
