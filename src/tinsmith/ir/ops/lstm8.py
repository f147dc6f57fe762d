"""Long short-term memory of int8 with a cell of int16, over a sequence; gates in the order i, o, f,
c.

Operands: x int8 [steps, batch, depth]; w int8 [4 * units, depth] and r int8 [4 * units, units] with
zero point 0; bias int32 [4 * units]; multiplier and shift int32 [9], factors of w's four gates, of
r's four, and of the result; start h int8 and start c int16 [batch, units]. Attributes: cell_bits,
0..6: c lies in steps of 2^(cell_bits - 15); cell_clip, bound on |c|, 0..32767 (0: none);
zero_point of the result's h.

Each gate's two sums are scaled to steps of 2^-12 (rounded twice) and saturated to int16, as is
their sum; its function is that of `_gates.py`. c[t] = f * c[t - 1] + i * c gate, h[t] = o *
tanh(c[t]), scaled, plus zero_point. The result is int16 [steps + 1, batch, units]: h of every step,
then the last c.

With a ninth operand, the table of `sigmoid16`, r's sums are saturated on their own, functions come
of that table, and products for the cell are halved, to the nearest, before they are brought to its
steps: TensorFlow Lite Micro's way.

Source: TensorFlow Lite, lite/kernels/lstm_eval.cc (LstmStepInteger8x8_16), lite/kernels/internal/
reference/portable_tensor_utils.cc, lite/micro/kernels/{lstm_eval,lstm_eval_common}.cc.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.graph import Attr
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
from tinsmith.ir.ops._cases import whole
from tinsmith.ir.ops._fixed import INT32_MAX, halved, scale_double
from tinsmith.ir.ops._gates import LOGISTIC_BITS, MOST_BITS, logistic16, saturated16, tanh16
from tinsmith.ir.ops._layout import integer, of_dtype, zero_of
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.ops.sigmoid16 import ENTRIES, interpolated, sigmoid_table
from tinsmith.ir.types import Quant, TensorType, type_of

GATES = 4
SCALED = 2 * GATES + 1
"""How many factors there are."""
DTYPES = ("int8", "int8", "int8", "int32", "int32", "int32", "int8", "int16")


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """See above -> int16 [steps + 1, batch, units], without a Quant."""
    of_dtype("lstm8", inputs, len(DTYPES) + _tabled(inputs), "int8")
    if _tabled(inputs) and (inputs[-1].shape, inputs[-1].dtype) != ((ENTRIES,), "int16"):
        raise ShapeError("lstm8", f"table {inputs[-1]}; expected int16[{ENTRIES}]")
    steps, batch, units = _lengths(inputs)
    for i, type in enumerate(inputs[:3]):
        if type.quant and (type.quant.axis is not None or (i and type.quant.zero_point[0])):
            raise ShapeError("lstm8", f"{type}: x, w and r have one scale, w and r zero point 0")
    bits, clip, zero = _attributes(attrs)
    if not (0 <= bits <= MOST_BITS and 0 <= clip <= 32767 and -128 <= zero <= 127):
        raise ShapeError("lstm8", f"cell_bits {bits}, cell_clip {clip}, zero_point {zero}")
    return (TensorType((steps + 1, batch, units), "int16"),)


def _lengths(inputs: Types) -> tuple[int, int, int]:
    """Steps, batch and units of operands that fit each other."""
    x, r = inputs[0].shape, inputs[2].shape
    if len(x) == 3 and len(r) == 2:
        state, rows = (x[1], r[1]), GATES * r[1]
        shapes = (x, (rows, x[2]), (rows, r[1]), (rows,), (SCALED,), (SCALED,), state, state)
        if [(t.shape, t.dtype) for t in inputs[: len(DTYPES)]] == list(
            zip(shapes, DTYPES, strict=True)
        ):
            return x[0], x[1], r[1]
    raise ShapeError(
        "lstm8", f"operands {', '.join(map(str, inputs))}; expected int8 x [steps, batch, depth], "
        "w [4 * units, depth], r [4 * units, units], int32 bias [4 * units], multiplier [9], "
        "shift [9], int8 and int16 [batch, units]",
    )  # fmt: skip


def _tabled(inputs: Types) -> bool:
    return len(inputs) > len(DTYPES)


def _attributes(attrs: Attrs) -> tuple[int, int, int]:
    return (
        integer("lstm8", attrs, "cell_bits"),
        integer("lstm8", attrs, "cell_clip"),
        integer("lstm8", attrs, "zero_point"),
    )


def _zeros(site: Site) -> tuple[int, int]:
    """Zero points of x and of h at the start."""
    return zero_of(site.inputs[0]), zero_of(site.inputs[6])


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Integers throughout; sums are taken modulo 2^32."""
    x, w, r, bias, multiplier, shift, h, c = (o.astype(np.int64) for o in operands[: len(DTYPES)])
    bits, clip, zero = _attributes(site.attrs)
    zero_x, zero_h = _zeros(site)
    means = _Tabled(operands[-1]) if _tabled(site.inputs) else _Fixed()

    def scaled(value: np.ndarray, i: int) -> np.ndarray:
        return scale_double(_wrapped(value), multiplier[i], shift[i])

    y = np.empty(site.outputs[0].shape, np.int16)
    for t in range(len(x)):
        from_x, from_h = (x[t] - zero_x) @ w.T + bias, (h - zero_h) @ r.T
        sums = zip(np.split(from_x, GATES, 1), np.split(from_h, GATES, 1), strict=True)
        i, o, f, new = (
            means.gate(saturated16(scaled(one, g)), scaled(two, GATES + g), g == GATES - 1)
            for g, (one, two) in enumerate(sums)
        )
        c = saturated16(means.halved(f * c, 15) + means.halved(i * new, 15 + bits))
        c = np.clip(c, -clip, clip) if clip else c
        h = np.clip(scaled(o * means.tanh(c, bits), SCALED - 1) + zero, -128, 127)
        y[t] = h
    y[-1] = c
    return (y,)


class _Fixed:
    """Functions in fixed point."""

    def gate(self, from_x: np.ndarray, from_h: np.ndarray, tanh: bool) -> np.ndarray:
        x = saturated16(from_x + from_h)
        return tanh16(x, LOGISTIC_BITS) if tanh else logistic16(x)

    def tanh(self, x: np.ndarray, bits: int) -> np.ndarray:
        return tanh16(x, bits)

    def halved(self, x: np.ndarray, times: int) -> np.ndarray:
        return halved(x, times)


class _Tabled(_Fixed):
    """Functions by the table; 3 of its steps are one of Q(3)."""

    def __init__(self, table: np.ndarray) -> None:
        self._table = table

    def gate(self, from_x: np.ndarray, from_h: np.ndarray, tanh: bool) -> np.ndarray:
        return interpolated(saturated16(from_x + saturated16(from_h)), self._table, 3, 0, tanh)

    def tanh(self, x: np.ndarray, bits: int) -> np.ndarray:
        left, right = max(bits - LOGISTIC_BITS, 0), max(LOGISTIC_BITS - bits, 0)
        return interpolated(x, self._table, 3 << left, right, True)

    def halved(self, x: np.ndarray, times: int) -> np.ndarray:
        return halved((x + 1) >> 1, times - 1)


def _wrapped(x: np.ndarray) -> np.ndarray:
    """x modulo 2^32 within int32."""
    return np.asarray(((x + INT32_MAX + 1) & 0xFFFFFFFF) - INT32_MAX - 1)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The formulas in float64, in steps of the result; nothing is rounded."""
    x, w, r, bias, multiplier, shift, h, c = (o.astype(np.float64) for o in operands[:8])
    bits, clip, zero = _attributes(site.attrs)
    zero_x, zero_h = _zeros(site)
    factors = multiplier * 2.0 ** (shift - 31)
    most = 32768.0 if _tabled(site.inputs) else np.inf
    of_x, of_h = (np.repeat(f, r.shape[1]) for f in np.split(factors[:-1], 2))
    y = np.empty(site.outputs[0].shape)
    for t in range(len(x)):
        sums = np.clip(((x[t] - zero_x) @ w.T + bias) * of_x, -32768, 32767)
        from_h = np.clip(((h - zero_h) @ r.T) * of_h, -most, most)
        sums = np.clip(sums + from_h, -32768, 32767) / 4096
        i, o, f, new = np.split(sums, GATES, 1)
        c = c / (1 + np.exp(-f)) + np.tanh(new) / (1 + np.exp(-i)) * 2.0 ** (15 - bits)
        c = np.clip(c, -(clip or 32768), clip or 32767)
        real = np.tanh(c * 2.0 ** (bits - 15)) / (1 + np.exp(-o))
        y[t] = h = np.clip(real * 2**30 * factors[-1] + zero, -128, 127)
    y[-1] = c
    return (y,)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, w, r, bias, multiplier, shift, start h, start c, table or any int16, y, steps, batch,
    depth, units, zero points of x and h, cell_bits, cell_clip, zero_point, whether by table)"""
    units, tabled = site.inputs[2].shape[1], _tabled(site.inputs)
    operands = [*(In(i) for i in range(len(DTYPES))), In(len(DTYPES) - (not tabled))]
    return [
        *operands, Out(), *site.inputs[0].shape, units, *_zeros(site),
        *_attributes(site.attrs), int(tabled),
    ]  # fmt: skip


_TABLE = (sigmoid_table(), type_of(sigmoid_table()))


def _layer(
    rng: np.random.Generator, x: TensorType, units: int, loud: float = 1.0
) -> list[tuple[np.ndarray, TensorType]]:
    """All operands behind x: gates whose sums reach about ``loud`` times 2."""
    batch, depth = x.shape[1:]
    rows, zero = GATES * units, int(rng.integers(-128, 128))
    span = loud * 2 * 4096 / 73 / 73  # of a product, in steps of the gates
    factors = [span / n**0.5 * f for n in (depth, units) for f in rng.uniform(0.3, 1, GATES)]
    multiplier, shift = multipliers([*factors, float(rng.uniform(80, 180)) / 2**30])
    w = rng.integers(-127, 128, (rows, depth)).astype(np.int8)
    r = rng.integers(-127, 128, (rows, units)).astype(np.int8)
    bias = (rng.normal(size=rows) * loud * 4096 / factors[0]).astype(np.int32)
    w[0], r[0], bias[0] = 0, 0, 0  # a gate at rest
    h = rng.integers(-128, 128, (batch, units)).astype(np.int8)
    c = rng.integers(-32768, 32768, (batch, units)).astype(np.int16)
    made = [(a, type_of(a)) for a in (w, r, bias, multiplier, shift)]
    return [*made, (h, type_of(h, Quant((2**-7,), (zero,)))), (c, type_of(c))]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """A random layer behind int8 activations of three axes."""
    if x.dtype != "int8" or len(x.shape) != 3 or (x.quant and x.quant.axis is not None):
        return None
    attrs: dict[str, Attr] = {
        "cell_bits": int(rng.integers(MOST_BITS + 1)), "cell_clip": int(rng.choice([0, 3000])),
        "zero_point": int(rng.integers(-128, 128)),
    }  # fmt: skip
    return Extension(
        (0, *_layer(rng, x, int(rng.integers(1, 4)), float(rng.choice([1, 8])))), attrs
    )


def _case(
    shape: tuple[int, int, int],
    units: int,
    bits: int = 3,
    tabled: bool = False,
    loud: float = 1.0,
) -> Case:
    """A row; cells of 4 bits are bounded."""
    x = whole("int8", *shape)
    type = type_of(x, Quant((2**-6,), (-17,)))
    rest = _layer(np.random.default_rng([*shape, units]), type, units, loud)
    rest += [_TABLE] if tabled else []
    attrs: dict[str, Attr] = {
        "cell_bits": bits, "cell_clip": 900 if bits == 4 else 0, "zero_point": 9
    }  # fmt: skip
    constant = tuple(range(1, 1 + len(rest)))
    return Case((x, *(a for a, _ in rest)), (type, *(t for _, t in rest)), attrs, constant)


CASES = {
    "small": _case((4, 2, 3), 3),
    "gates": _case((2, 40, 2), 9, bits=5, loud=3.0),
    "tight_cell": _case((3, 20, 2), 7, bits=0),
    "wide_cell": _case((3, 30, 2), 7, bits=6),
    "cell_clip": _case((5, 4, 3), 4, bits=4),
    "saturated": _case((3, 4, 5), 6, loud=60.0),
    "tabled": _case((4, 5, 3), 3, bits=1, tabled=True),
    "tabled_wide": _case((3, 6, 3), 5, bits=6, tabled=True),
    "tabled_saturated": _case((3, 9, 5), 6, loud=16.0, tabled=True),
}

OP = Op(
    name="lstm8",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"int8": Kernel(arguments)},
    cost=lambda s: Cost(
        s.inputs[0].shape[0] * s.inputs[0].shape[1] * (s.inputs[1].elements + s.inputs[2].elements),
        sum(t.nbytes for t in s.inputs[1:6]),
    ),
    cases=CASES,
    extend=extend,
    tolerance=2e-2,
    why="gates of 16 bits and an h of 8, which comes back; the integer arithmetic is the meaning",
)
