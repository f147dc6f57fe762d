"""Convolutions and fully connected layers of int16 with int8 weights on cores with packed
arithmetic: sums that fit int32, told as int64."""

from collections.abc import Sequence

import numpy as np

from tinsmith.codegen.kernel_set import Binding, KernelSet, Table, Use
from tinsmith.codegen.order import Order, windows
from tinsmith.ir.op import Argument, In, Out, Scratch
from tinsmith.ir.ops._conv import kernel_window, zeros_of
from tinsmith.ir.ops._window import geometry

PLACES = 4
"""Places of a row of weights that lie together."""
ORDER = (0, 2, 1, 3)
"""Which of them comes where."""


def bind(use: Use) -> Sequence[Binding]:
    """A layer of int16 whose result is its sums."""
    if use.op not in ("conv2d", "dense") or use.site.inputs[0].dtype != "int16":
        return []
    x, w, bias = use.contents[:3]
    if x is not None or w is None or bias is None or not _fits(use, w, bias):
        return []
    return _bindings(use, w, bias)


def _bindings(use: Use, w: np.ndarray, bias: np.ndarray) -> Sequence[Binding]:
    (sizes, groups), zero = _geometry(use), zeros_of(use.site)[0]
    depth = w[0].size
    direct = depth % PLACES == 0 and groups == 1 and sizes[4:] == (*sizes[1:3], *_SINGLE)
    scratch = 4 if direct else 2 * 2 * _whole(depth, PLACES)
    centred = w.reshape(len(w), -1).astype(np.int64) - zeros_of(use.site)[1]
    folded = bias - zero * centred.sum(axis=1)
    arguments: tuple[Argument | Table, ...] = (
        In(0), Table("w", lambda: packed(centred, groups)),
        Table("b", lambda: paired(folded, groups).astype(np.int32)), Out(), Scratch(scratch),
        *sizes, len(w) // groups, groups, zero, int(direct),
    )  # fmt: skip
    return [Binding("conv2d_int16", arguments, _orders(use, groups, direct))]


def _orders(use: Use, groups: int, direct: bool) -> tuple[Order, ...]:
    """Two places at a time: read where they lie, or copied before their results are written."""
    if groups > 1 or use.op == "dense":
        return ()
    return (windows(use.site, "pixel", 2) if direct else windows(use.site, "pixel", 1, "before"),)


_SINGLE = (1, 1, 1, 1, 1, 1, 0, 0)
"""Kernel, stride, dilation and padding of windows that are places, one after the other."""


def _geometry(use: Use) -> tuple[tuple[int, ...], int]:
    """As kernels are told, and the number of groups; rows of a fully connected layer are places."""
    x, w = use.site.inputs[:2]
    if use.op == "dense":
        rows, depth = x.shape
        return (1, rows, 1, depth, rows, 1, *_SINGLE), 1
    window = kernel_window("conv2d", use.site.inputs, use.site.attrs)
    return geometry(x, window), x.shape[3] // w.shape[3]


def _fits(use: Use, w: np.ndarray, bias: np.ndarray) -> bool:
    """Whether weights less their zero point are int8, and no sum leaves int32 on its way."""
    zero, own = zeros_of(use.site)
    centred = w.reshape(len(w), -1).astype(np.int64) - own
    folded = np.abs(bias.astype(np.float64)) + abs(zero) * np.abs(centred).sum(axis=1)
    most = folded + 2.0**15 * np.abs(centred).sum(axis=1)
    return bool(centred.min() >= -128 and centred.max() <= 127 and most.max() < 2.0**31)


def _whole(n: int, unit: int) -> int:
    return -(-n // unit) * unit


def paired(values: np.ndarray, groups: int) -> np.ndarray:
    """Each group's rows, the last one twice where their number is odd."""
    own = np.split(values, groups)
    return np.concatenate([np.concatenate([g, g[-1:]]) if len(g) % 2 else g for g in own])


def packed(w: np.ndarray, groups: int) -> np.ndarray:
    """Weights [out, depth] as int8: two rows at a time, four places of each by turns."""
    deep = np.zeros((len(w), _whole(w.shape[1], PLACES)), np.int8)
    deep[:, : w.shape[1]] = w
    rows = paired(deep, groups)
    fours = rows.reshape(len(rows) // 2, 2, -1, PLACES)[..., ORDER]
    return np.ascontiguousarray(np.swapaxes(fours, 1, 2)).reshape(-1)


SET = KernelSet("wide", bind, needs=frozenset({"dsp"}), rank=5)
