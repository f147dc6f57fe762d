"""Decision trees: y[r] = (start + the values of the leaf that row r of x ends in, tree by tree) /
divisor, as random forests and boosted trees predict.

values [rows, width] float32, or int64 that hold the bits of binary64: libraries that sum in double
precision are followed to the last bit. Nodes lie in pre-order and are packed by
`compose/trees.py`, which also says what their words mean.
"""

import struct
from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import (
    Argument,
    Attrs,
    Case,
    Cost,
    Extension,
    In,
    Kernel,
    Op,
    Out,
    ShapeError,
    Site,
    Types,
)
from tinsmith.ir.ops._cases import case
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.types import TensorType, type_of

MISSING, RIGHT_LEAF, ZERO, SKIP = 0x80000, 0x40000, 0x20000, 0x1FFFF
FEATURE_SHIFT = 20
NEAR_ZERO = np.float32(1e-35)
_RANKS = (2, 2, 2, 2, 1, 1)
_DTYPES = ("float32", "int32", "int32", "int16")


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """values [rows, width], x [batch, features] float32, nodes [count, 2] int32, trees [trees, 3]
    int32, leaves [n] int16 (unsigned), start [columns] like values -> [batch, columns].

    Attributes: ``direct`` (bool; the row of a leaf is its number, leaves are not read), ``divisor``
    (above zero; 1.0 for float32).
    """
    of_dtype("tree_ensemble", inputs, 6, "float32", "int64")
    values, x, nodes, trees, leaves, start = inputs
    ranks = tuple(len(i.shape) for i in inputs)
    dtypes = tuple(i.dtype for i in (x, nodes, trees, leaves))
    if ranks != _RANKS or dtypes != _DTYPES or start.dtype != values.dtype:
        raise ShapeError("tree_ensemble", f"operands {', '.join(map(str, inputs))}")
    if nodes.shape[1] != 2 or trees.shape[1] != 3 or values.shape[1] > start.shape[0]:
        raise ShapeError(
            "tree_ensemble", f"nodes {nodes}, trees {trees}, values {values}, start {start}"
        )
    divisor = attrs.get("divisor")
    if not isinstance(attrs.get("direct"), bool) or not isinstance(divisor, float):
        raise ShapeError("tree_ensemble", f"direct {attrs.get('direct')!r}, divisor {divisor!r}")
    if not 1e-300 < divisor < 1e300 or (values.dtype == "float32" and divisor != 1):
        raise ShapeError("tree_ensemble", f"divisor {divisor!r} of {values.dtype} values")
    return (TensorType((x.shape[0], start.shape[0]), values.dtype),)


def leaf_of(x: np.ndarray, nodes: np.ndarray, node: int, leaf: int) -> int:
    """Number of the leaf that one row of features ends in; the walk of `ts_tree.h`."""
    thresholds = nodes[:, 0].copy().view(np.float32)
    words = nodes[:, 1].copy().view(np.uint32)
    while node < len(nodes):
        word = int(words[node])
        value, skip = x[word >> FEATURE_SHIFT], word & SKIP
        left = bool(value <= thresholds[node])
        if np.isnan(value) or (word & ZERO and abs(value) <= NEAR_ZERO):
            left = bool(word & MISSING)
        if left:
            if skip == 1:
                break
            node += 1
        else:
            leaf += skip
            if word & RIGHT_LEAF:
                break
            node += skip
    return leaf


def _sums(operands: Sequence[np.ndarray], site: Site) -> np.ndarray:
    """In the precision of the values, tree by tree."""
    values, x, nodes, trees, leaves, start = operands
    if values.dtype == np.int64:
        values, start = values.view(np.float64), start.view(np.float64)
    y = np.repeat(start[None], len(x), axis=0)
    for row, out in zip(x, y, strict=True):
        for first, first_leaf, column in trees.tolist():
            leaf = first_leaf if first < 0 else leaf_of(row, nodes, first, first_leaf)
            at = leaf if site.attrs["direct"] else int(leaves[leaf : leaf + 1].view(np.uint16)[0])
            out[column : column + values.shape[1]] += values[at]
    return y


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Sums and the quotient are rounded to nearest even, in order."""
    sums = _sums(operands, site)
    if operands[0].dtype == np.float32:
        return (sums,)
    divisor = site.attrs["divisor"]
    assert isinstance(divisor, float)  # so says infer
    return (np.asarray(sums / np.float64(divisor)).view(np.int64),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """float32 values summed in float64; int64 as they are."""
    if operands[0].dtype == np.int64:
        return reference(operands, site)
    wide = [operands[0].astype(np.float64), *operands[1:5], operands[5].astype(np.float64)]
    return (_sums(wide, site),)


def arguments(site: Site) -> Sequence[Argument]:
    """(values, x, nodes, trees, leaves, start, y, batch, features, nodes, trees, width, columns,
    direct[, two words of the divisor])"""
    values, x, nodes, trees, _, start = site.inputs
    common: list[Argument] = [
        *map(In, range(6)), Out(), *x.shape, nodes.shape[0], trees.shape[0], values.shape[1],
        start.shape[0], int(bool(site.attrs["direct"])),
    ]  # fmt: skip
    if values.dtype == "int64":
        low, high = struct.unpack("<ii", struct.pack("<d", site.attrs["divisor"]))
        common += [high, low]
    return common


def _cost(site: Site) -> Cost:
    return Cost(0, sum(site.inputs[i].nbytes for i in (0, 2, 3, 4, 5)))


def word(feature: int, skip: int, flags: int = 0) -> int:
    """The second half of a node, as int32."""
    bits = np.uint32(feature << FEATURE_SHIFT | flags | skip)
    return int(bits.view(np.int32))


def node_array(rows: Sequence[tuple[float, int]]) -> np.ndarray:
    """Nodes from (threshold, word)."""
    bits = np.array([t for t, _ in rows], np.float32).view(np.int32)
    return np.stack([bits, np.array([w for _, w in rows], np.int32)], axis=1)


def _small(features: int, dtype: str, width: int) -> tuple[np.ndarray, ...]:
    """Three trees (four nodes, two nodes, a single leaf) over the last feature and the first."""
    last = features - 1
    nodes = node_array(
        [
            (0.25, word(last, 3)),
            (-0.5, word(0, 2, ZERO | MISSING | RIGHT_LEAF)),
            (-1.0, word(last, 1, RIGHT_LEAF)),
            (1.0, word(0, 1, MISSING | RIGHT_LEAF)),
            (0.0, word(last, 1)),
            (0.5, word(0, 1, RIGHT_LEAF)),
        ]
    )
    trees = np.array([[0, 0, 0], [4, 5, 0], [-1, 8, 0]], np.int32)
    leaves = np.array([0, 1, 2, 3, 1, 2, 0, 3, 1], np.int16)
    values = np.random.default_rng(width).normal(size=(4, width))
    return (_typed(values, dtype), nodes, trees, leaves, _typed(np.full(width, 0.1), dtype))


def _typed(array: np.ndarray, dtype: str) -> np.ndarray:
    return array.astype(np.float32) if dtype == "float32" else array.view(np.int64)


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Three small trees on a matrix."""
    if x.dtype != "float32" or len(x.shape) != 2:
        return None
    dtype = str(rng.choice(["float32", "int64"]))
    values, *others = _small(x.shape[1], dtype, int(rng.integers(1, 4)))
    constants = [(o, type_of(o)) for o in others]
    divisor = 1.0 if dtype == "float32" else float(rng.integers(1, 30))
    return Extension(
        ((values, type_of(values)), 0, *constants), {"direct": False, "divisor": divisor}
    )


_X = np.array(
    [[0.0, 0.25], [-0.75, 0.0], [0.3, -2.0], [2.0, 7.0], [1.0, np.nan], [np.nan, 0.2], [1e-36, 0.1],
     [np.inf, -np.inf]], np.float32,
)  # fmt: skip


def _case(dtype: str, x: np.ndarray, width: int = 1, **attrs: bool | float) -> Case:
    values, nodes, trees, leaves, start = _small(x.shape[1], dtype, width)
    attrs = {"direct": False, "divisor": 1.0, **attrs}
    if attrs["direct"]:
        values = np.ascontiguousarray(values[leaves])
    return case(values, x, nodes, trees, leaves, start, constant=(0, 2, 3, 4, 5), **attrs)


def _sum_case(rows: Sequence[Sequence[float]], divisor: float) -> Case:
    """Single leaves only: sums where rounding, cancelling and denormal numbers matter."""
    values = np.array(rows, np.float64).view(np.int64)
    count = len(rows)
    trees = np.array([[-1, i, 0] for i in range(count)], np.int32)
    start = np.zeros(len(rows[0]), np.float64).view(np.int64)
    nodes = node_array([(0.0, word(0, 1, RIGHT_LEAF))])
    leaves = np.zeros(1, np.int16)
    x = np.zeros((1, 1), np.float32)
    return case(
        values, x, nodes, trees, leaves, start, constant=(0, 2, 3, 4, 5), direct=True,
        divisor=divisor,
    )  # fmt: skip


_TINY, _UP = 5e-324, 1 + 2.0**-52
_RNG = np.random.default_rng(5)
_WIDE = (_RNG.normal(size=(9, 5)) * 10.0 ** _RNG.integers(-9, 9, (9, 5))).tolist()
CASES = {
    "small": _case("float32", _X[:3]),
    "walks": _case("float32", _X, 3),
    "direct": _case("float32", _X, 2, direct=True),
    "double_small": _case("int64", _X[:3]),
    "double_walks": _case("int64", _X, 2, divisor=3.0),
    "double_direct": _case("int64", _X, 1, direct=True, divisor=0.7),
    "double_sums": _sum_case(_WIDE, 7.0),
    "double_edges": _sum_case(
        [
            [1.0, 1.0, 1.0, 4.6e-308, _TINY, 1e308, -0.0, 1.0, 4.0],
            [2.0**-53, 2.0**-53, -(2.0**-54), -4.3e-308, _TINY, 1e308, -0.0, -1.0, -_UP],
            [2.0**-53, 2.0**-105, 2.0**-108, 1e-310, 3 * _TINY, 1.0, -0.0, 2.0**-60, _UP],
        ],
        1.0,
    ),
    "double_quotients": _sum_case(
        [[1.0, 2.0, -5.0, 1e-308, 9e-308, 1e308, 0.0, _TINY, 3e-308]], 3.0
    ),
    "double_overflow": _sum_case([[1e308, -1e308, 1.0]], 1e-9),
}

OP = Op(
    name="tree_ensemble",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments), "int64": Kernel(arguments)},
    cost=_cost,
    cases=CASES,
    extend=extend,
    storable=False,
)
