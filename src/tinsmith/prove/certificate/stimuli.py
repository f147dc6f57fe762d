"""What steps are executed on: every tap and bias to be seen, sums at their ends and next to where
the requantised result changes; deterministic. The checker judges what it shows."""

from collections.abc import Iterator, Mapping

import numpy as np

from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import Interpreter
from tinsmith.ir.types import TensorType
from tinsmith.prove.certificate.checker.layers import Layer

RUNS = 3
"""Inferences of the whole image, and as many traces whose operands steps are executed on."""
INTEGERS = ("int8", "uint8", "int16")
_WALK = 48
"""Taps that are turned to reach a sum: the largest and the smallest weights."""
_TRIES, _PAIRED, _MOVE = 4, 8, 5
"""How often a change of two taps is tried, of how many with small weights, and by how much."""
_PLAIN = 4
_SIZES, _FEW, _OFTEN = (20, -120, 127, 129), 256, 8
"""Of floats, the largest exponents of 2 that are tried (129: infinities and NaN too), and numbers
of each; tensors of fewer are tried more often, at most so often."""


class Stimuli:
    """Proposes what the checker executes (`checker/steps.py`, Proposer)."""

    def __init__(self) -> None:
        self._traces: dict[int, list[Mapping[str, np.ndarray]]] = {}

    def runs(self, graph: Graph) -> Mapping[str, np.ndarray]:
        """Inputs of whole runs."""
        return runs_of(graph)

    def general(self, graph: Graph, number: int) -> Iterator[Mapping[str, np.ndarray]]:
        """What the operands of a node hold in whole runs, each twice, on other paint; of floats
        alone, numbers of all sizes after the first; of integers, what any kernel is tried on."""
        node = graph.nodes[number]
        names = [i for i in dict.fromkeys(node.inputs) if i not in graph.constants]
        if id(graph) not in self._traces:
            self._traces = {id(graph): _traces(graph)}
        for k, trace in enumerate(self._traces[id(graph)]):
            yield from [{name: trace[name] for name in names}] * 2
            if k == 0 and names and all(graph.type(n).dtype == "float32" for n in names):
                yield from _floats(graph, names, np.random.default_rng([number, 99]))
        if all(graph.type(n).dtype in INTEGERS for n in names):
            rngs = [np.random.default_rng([number, k]) for k in range(len(names))]
            rows = [plain(graph.type(n), r, _PLAIN) for n, r in zip(names, rngs, strict=True)]
            for values in zip(*rows, strict=True):
                yield dict(zip(names, values, strict=True))

    def special(
        self, layer: Layer, number: int, calls: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Contents of operand 0 whose windows show taps, biases and breakpoints; and those
        windows."""
        rng, spots = np.random.default_rng([7, number]), windows_of(layer)
        columns = layer.window.results[1] if layer.window else 1
        flat = np.array([i * columns + j for i, j in spots])
        given = patches(layer, rng, calls * len(spots))
        for k, x in enumerate(planted(layer, given, rng)):
            yield held(layer, x), flat[: len(given) - k * len(spots)]


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


def _floats(
    graph: Graph, names: list[str], rng: np.random.Generator
) -> Iterator[Mapping[str, np.ndarray]]:
    fewest = min(graph.type(n).elements for n in names)
    for most in _SIZES * max(1, min(_OFTEN, _FEW // fewest)):
        yield {n: sized(graph.type(n).shape, rng, most) for n in names}


def sized(shape: tuple[int, ...], rng: np.random.Generator, most: int) -> np.ndarray:
    """Floats of either sign from the smallest up to 2^most, some at either end, subnormal numbers
    and zeros among them; some with all or no bits of their fraction set, as such round
    otherwise."""
    ends, exponents = rng.integers(0, 8, shape), rng.integers(0, 127 + most, shape, np.uint32)
    exponents[ends == 0], exponents[ends == 1] = 0, 126 + most
    fractions = rng.integers(0, 1 << 23, shape, np.uint32)
    kinds, signs = rng.integers(0, 8, shape), rng.integers(0, 2, shape, np.uint32)
    fractions = np.where(kinds == 0, 0, np.where(kinds == 1, (1 << 23) - 1, fractions))
    words = signs << np.uint32(31) | exponents << np.uint32(23) | fractions.astype(np.uint32)
    return np.ascontiguousarray(words).view(np.float32).reshape(shape)


def patches(layer: Layer, rng: np.random.Generator, most: int) -> np.ndarray:
    """What windows of x are to see, less its zero point: [patch, group, taps]. At most so many:
    sums at both ends, a unit in each tap at each end on a random base, and sums next to breakpoints
    with what is left."""
    ends, units = _ends(layer), _units(layer, rng)
    units = units[rng.permutation(len(units))[: max(1, most // 2)]]
    given = np.concatenate([ends, units])
    aimed = _aimed(layer, rng, max(most - len(given), most // 3))
    values = np.concatenate([given, aimed])
    return values[rng.permutation(len(values))[:most]]


def ends_of(layer: Layer) -> tuple[int, int]:
    """Smallest and largest value of x less its zero point."""
    info = np.iinfo(layer.x_type.dtype)
    return int(info.min) - layer.x_zero, int(info.max) - layer.x_zero


def _ends(layer: Layer) -> np.ndarray:
    """The largest and the smallest sum of each channel of each group."""
    low, high = ends_of(layer)
    turned = np.moveaxis(layer.weights, 1, 0)
    return np.concatenate([np.where(turned > 0, high, low), np.where(turned > 0, low, high)])


def _units(layer: Layer, rng: np.random.Generator) -> np.ndarray:
    """For each tap, one end of the range there and then the other, on a base of small values."""
    (groups, _, taps), (low, high) = layer.weights.shape, ends_of(layer)
    base = rng.integers(max(low, -40), min(high, 40) + 1, (2, taps, groups, taps))
    each = np.arange(taps)
    base[0, each, :, each], base[1, each, :, each] = low, high
    return base.reshape(2 * taps, groups, taps)


def _aimed(layer: Layer, rng: np.random.Generator, most: int) -> np.ndarray:
    """Windows whose sum is the last before or the first at a breakpoint."""
    groups, channels, taps = layer.weights.shape
    found = layer.breakpoints()
    rows = min(most, channels * 2 * max((len(f) for f in found), default=0))
    values = np.zeros((rows, groups, taps), np.int64)
    for g in range(groups):
        for m in range(channels):
            mine = np.arange(m, rows, channels)
            own = np.stack([found[g * channels + m] - 1, found[g * channels + m]], 1).ravel()
            if len(own) and len(mine):
                turn = (np.arange(len(mine)) * max(1, len(own) // len(mine) | 1) + m) % len(own)
                values[mine, g] = solved(layer, (g, m), own[turn], rng)
    return values


def solved(
    layer: Layer, channel: tuple[int, int], sums: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Values of the taps, less the zero point, whose sum comes as near as a walk from the largest
    to the smallest weight brings it, and then a change of two taps; [sum, taps]."""
    w, (low, high) = layer.weights[channel], ends_of(layer)
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
            _mend((x, left), w, ends_of(layer), rng)
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


def planted(layer: Layer, given: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Contents of x whose windows see patches, as many in each as do not meet, on random ground."""
    info, shape = np.iinfo(layer.x_type.dtype), layer.x_type.shape
    spots = windows_of(layer)
    for start in range(0, len(given), len(spots)):
        x = rng.integers(info.min, info.max + 1, shape)
        for spot, patch in zip(spots, given[start : start + len(spots)], strict=False):
            _put(layer, x, spot, patch + layer.x_zero)
        yield x.astype(layer.x_type.dtype)


def held(layer: Layer, x: np.ndarray) -> np.ndarray:
    """The operand that holds x; what stands around it is of no account."""
    info = np.iinfo(x.dtype)
    found = np.resize(np.array([info.max, info.min], x.dtype), layer.operand.elements)
    found[layer.start : layer.start + x.size] = x.ravel()
    return found.reshape(layer.operand.shape)


def _put(layer: Layer, x: np.ndarray, spot: tuple[int, int], patch: np.ndarray) -> None:
    """Plant one patch; of a window that reaches beyond x, what lies within."""
    w, depth = layer.window, x.shape[-1] // len(layer.weights)
    if w is None:
        x[spot[0]] = patch.ravel()
        return
    apart = np.moveaxis(patch.reshape(len(patch), *w.kernel, depth), 0, 2)
    block = apart.reshape(*w.kernel, len(patch) * depth)
    rows, columns = (
        spot[k] * w.stride[k] - w.padding[2 * k] + np.arange(w.kernel[k]) * w.dilation[k]
        for k in (0, 1)
    )
    in_rows, in_columns = ((v >= 0) & (v < s) for v, s in zip((rows, columns), w.size, strict=True))
    x[0][np.ix_(rows[in_rows], columns[in_columns])] = block[np.ix_(in_rows, in_columns)]


def _traces(graph: Graph) -> list[Mapping[str, np.ndarray]]:
    """Every value of some runs, one after the other."""
    machine, given = Interpreter(graph), runs_of(graph)
    return [machine.run({k: v[i] for k, v in given.items()}) for i in range(RUNS)]


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
