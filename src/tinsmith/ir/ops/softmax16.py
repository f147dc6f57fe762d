"""Softmax of int16 over the last axis, as TensorFlow Lite's reference computes it: tables of e^x
and of 1 / (1 + x), 512 steps each, with interpolation.

A difference to the row's maximum is scaled so that -65535..0 means -10..0. The result means
0..32767 / 32768. Source: TensorFlow Lite, lite/kernels/internal/reference/softmax.h (SoftmaxInt16)
and lite/kernels/internal/common.h (LUTPopulate, LUTLookup).
"""

from collections.abc import Callable, Sequence

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
from tinsmith.ir.ops._cases import whole
from tinsmith.ir.ops._fixed import multiplier_of, scale_double
from tinsmith.ir.ops._layout import of_dtype, per_tensor
from tinsmith.ir.types import Quant, TensorType, type_of

STEPS = 512
RESULT = Quant((1 / 32768,), (0,))
MOST_CLASSES = 1 << 15
_F4 = np.float32
_RANGE = _F4(65535)


def exp_table() -> np.ndarray:
    """e^x of x in -10..0, in 1/32767 or so: int16 [513]."""
    return _table(np.exp, (_F4(10) / _RANGE, 32767), (_F4(2) / _RANGE, 0))


def reciprocal_table() -> np.ndarray:
    """1 / (1 + x) of x in 0..1: int16 [513]."""
    return _table(lambda x: 1 / (1 + x), (_F4(1) / _RANGE, -32768), (_F4(2) / _RANGE, 0))


def _table(
    function: Callable[[np.ndarray], np.ndarray],
    argument: tuple[np.floating, int],
    result: tuple[np.floating, int],
) -> np.ndarray:
    """Values at 513 places, each moved by half of what interpolation errs by in the middle; scale
    and zero point of argument and result; float32 throughout but for the function itself."""

    def scaled(places: np.ndarray) -> np.ndarray:
        values = function(places.astype(np.float64)).astype(_F4)
        return np.asarray(values * inverse, _F4)

    (first, last), (low, high) = (
        [_F4(scale * _F4(end - zero)) for end in (-32768, 32767)]
        for scale, zero in (argument, result)
    )
    inverse, step = _F4(65536) / (high - low), (last - first) / _F4(STEPS)
    places = first + np.arange(STEPS + 1, dtype=_F4) * step
    here, middle = scaled(places), scaled(places[:-1] + step / _F4(2))
    between = _rounded((here[1:] + _rounded(here[:-1])) / _F4(2))
    bias = _rounded((between - _rounded(middle)) / _F4(2))
    table = np.append(_rounded(here[:-1]) - bias, _rounded(scaled(np.array([last]))))
    return np.asarray(np.clip(table, -32768, 32767).astype(np.int16))


def _rounded(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.sign(x) * np.floor(np.abs(x) + _F4(0.5)), _F4)


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x int16 of rank >= 1 (one scale, zero point 0, rows of up to 32,768), tables of e^x and of
    1 / (1 + x), int16 [513] -> int16 like x. Attribute: beta, above 0."""
    of_dtype("softmax16", inputs, 3, "int16")
    x, *tables = inputs
    if not x.shape or x.shape[-1] > MOST_CLASSES:
        raise ShapeError("softmax16", f"x {x.shape}; rows have at most {MOST_CLASSES}")
    if any((t.shape, t.dtype) != ((STEPS + 1,), "int16") for t in tables):
        raise ShapeError("softmax16", f"tables {tables[0]}, {tables[1]}; expected int16 [513]")
    _parameters(x, attrs)
    return (TensorType(x.shape, "int16", RESULT),)


def _factor(x: TensorType, attrs: Attrs) -> float:
    beta = attrs.get("beta", 1.0)
    if not isinstance(beta, float) or not beta > 0:
        raise ShapeError("softmax16", f"attribute beta is {beta!r}; expected a float above 0")
    return per_tensor("softmax16", x)[0] * beta / (10.0 / 65535.0)


def _parameters(x: TensorType, attrs: Attrs) -> tuple[int, int]:
    try:
        return multiplier_of(_factor(x, attrs))
    except ValueError as e:
        raise ShapeError("softmax16", str(e)) from e


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """All in integers."""
    x, exps, reciprocals = (o.astype(np.int64) for o in operands)
    m, s = (np.asarray(v) for v in _parameters(site.inputs[0], site.attrs))
    difference = scale_double(x - x.max(-1, keepdims=True), m, s)
    e = _looked_up(exps, np.clip(difference + 32767, -32768, 32767))
    total = np.maximum(e.sum(-1, keepdims=True), 1)
    _, digits = np.frexp(total.astype(np.float64))
    digits = np.minimum(digits.astype(np.int64), 31)
    narrow = ((total << (31 - digits)) + (1 << 13)) >> 14
    r = _looked_up(reciprocals, np.clip(narrow - (1 << 15) - (1 << 16), -32768, 32767))
    shift = np.maximum(digits - 1, 1)
    y = (e * r + (np.int64(1) << (shift - 1))) >> shift
    return (np.clip(y, 0, 32767).astype(np.int16),)


def _looked_up(table: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The table between two of its places, halves upwards."""
    place = 256 + (x >> 7)
    base = table[place]
    return np.asarray(base + (((table[place + 1] - base) * (x & 127) + 64) >> 7))


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Interpolation and quotient in float64, differences cut off at -10; in steps of the result.

    What the tables themselves err by against e^x and 1 / (1 + x) is left in: 1 / total is read from
    its table as the integers do.
    """
    x, exps, reciprocals = (o.astype(np.float64) for o in operands)
    m, s = (np.asarray(v) for v in _parameters(site.inputs[0], site.attrs))
    difference = scale_double((x - x.max(-1, keepdims=True)).astype(np.int64), m, s)
    e = np.rint(np.interp(np.maximum(difference, -65535) + 65535, np.arange(513) * 128, exps))
    total = np.maximum(e.sum(-1, keepdims=True), 1)
    power = np.floor(np.log2(total)) + 1
    part = np.minimum(np.floor(total * 2.0 ** (17 - power) + 0.5) - 65536, 65535)
    r = np.rint(np.interp(part, np.arange(513) * 128, reciprocals))
    return (np.clip(e * r * 2.0 ** (1 - power), 0, 32767),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, table of e^x, table of 1 / (1 + x), y, rows, length of a row, multiplier, shift)"""
    (x, _, _) = site.inputs
    rows = x.elements // x.shape[-1]
    return [In(0), In(1), In(2), Out(), rows, x.shape[-1], *_parameters(x, site.attrs)]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind int16 activations with one scale."""
    if x.dtype != "int16" or not x.shape or x.quant is None or x.quant.axis is not None:
        return None
    tables = exp_table(), reciprocal_table()
    return Extension((0, *((t, type_of(t)) for t in tables)), {"beta": 1.0})


def _case(x: np.ndarray, scale: float, beta: float = 1.0) -> Case:
    arrays = (x, exp_table(), reciprocal_table())
    types = (type_of(x, Quant((scale,), (0,))), type_of(arrays[1]), type_of(arrays[2]))
    return Case(arrays, types, {"beta": beta}, (1, 2))


CASES = {
    "one_class": _case(whole("int16", 3, 1), 0.001),
    "few": _case(whole("int16", 2, 5), 0.0001),
    "rows": _case(whole("int16", 20, 12), 0.0003, 2.0),
    "near": _case(whole("int16", 9, 33) // np.int16(99), 0.001),
    "coarse": _case(whole("int16", 5, 7), 0.1),
    "many_equal": _case(np.full((1, 3000), -5, np.int16), 0.01),
    "steps": _case(-np.arange(900, dtype=np.int16)[None] * np.int16(36), 0.0003),
}

OP = Op(
    name="softmax16",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"int16": Kernel(arguments)},
    cost=lambda s: Cost(0, s.inputs[1].nbytes + s.inputs[2].nbytes),
    cases=CASES,
    extend=extend,
    scores=True,
)
