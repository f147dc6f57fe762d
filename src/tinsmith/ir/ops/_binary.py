"""What the operations on two tensors share: y = x (.) b, where the smaller of the two repeats
(`_repeat.py`): y[i] = x[i] (.) b[(i / inner) modulo period], or with x and b exchanged.

float32 results are rounded to nearest even (IEEE 754); int32 and int64 wrap.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tinsmith.ir.op import (
    Argument,
    Attrs,
    Case,
    Extension,
    In,
    Kernel,
    Op,
    Out,
    ShapeError,
    Site,
    Types,
)
from tinsmith.ir.ops._cases import SPECIAL, array, case, normal, whole
from tinsmith.ir.ops._layout import limits_of, of_dtype
from tinsmith.ir.ops._repeat import broadcast_result, repeat_of
from tinsmith.ir.types import TensorType, type_of

Formula = Callable[[np.ndarray, np.ndarray], np.ndarray]
Exact = Callable[[int, int], int]
"""The same on Python's unbounded integers."""
WHOLE = ("int32", "int64")
NUMBERS = ("float32", *WHOLE)


def infer_binary(op: str, inputs: Types, *dtypes: str) -> tuple[TensorType, ...]:
    """Two operands of one dtype; one has the result's shape, the other repeats to it: axes of it
    that lie side by side, or one element."""
    of_dtype(op, inputs, 2, *dtypes)
    x, b = inputs
    if x.dtype != b.dtype:
        raise ShapeError(op, f"x is {x.dtype} and b is {b.dtype}; expected one dtype")
    return (TensorType(broadcast_result(op, ("x", "b"), (x.shape, b.shape)), x.dtype),)


def binary_op(
    name: str, formula: Formula, oracle: Formula, exact: Exact, commutes: bool = False
) -> Op:
    """An operation on float32, int32 and int64.

    Args:
        formula: the meaning, on arrays of one of these dtypes; its result has that dtype.
        oracle: the textbook formula on float64.
        exact: on Python's integers; what it returns is wrapped.
        commutes: the operands may change places, to the last bit.
    """

    def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
        return infer_binary(name, inputs, *NUMBERS)

    return Op(
        name=name,
        infer=infer,
        reference=binary_reference(formula),
        oracle=binary_oracle(oracle, exact),
        kernels={d: Kernel(arguments_of(commutes)) for d in NUMBERS},
        cases=dict(float_cases()) | dict(whole_cases()),
        extend=binary_extend,
        access="elementwise",
        alias=(0, 1),
        pointwise=2,
        commutes=commutes,
    )


def comparison_op(name: str, formula: Formula, commutes: bool = False) -> Op:
    """A comparison of float32, int32 or int64 with a bool result; with NaN it does not hold."""

    def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
        (type,) = infer_binary(name, inputs, *NUMBERS)
        return (TensorType(type.shape, "bool"),)

    def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
        return (np.asarray(formula(operands[0], operands[1])),)

    def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
        x, b = (o.astype(object) for o in operands)
        return (np.asarray(formula(x, b)).astype(np.float64),)

    return Op(
        name=name,
        infer=infer,
        reference=reference,
        oracle=oracle,
        kernels={d: Kernel(arguments_of(commutes)) for d in NUMBERS},
        cases=dict(float_cases()) | dict(whole_cases()),
        extend=binary_extend,
        access="elementwise",
        alias=(0, 1),
        pointwise=2,
        commutes=commutes,
    )


def logical_op(name: str, formula: Formula) -> Op:
    """An operation on two bool tensors, which may change places."""

    def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
        return infer_binary(name, inputs, "bool")

    def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
        return (np.asarray(formula(operands[0], operands[1])),)

    def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
        x, b = (o.astype(np.int64) for o in operands)
        return (np.asarray(formula(x, b)).astype(np.float64),)

    return Op(
        name=name,
        infer=infer,
        reference=reference,
        oracle=oracle,
        kernels={"bool": Kernel(binary_arguments)},
        cases=logical_cases(),
        extend=logical_extend,
        access="elementwise",
        alias=(0, 1),
        pointwise=2,
        commutes=True,
    )


def binary_reference(
    formula: Formula,
) -> Callable[[Sequence[np.ndarray], Site], tuple[np.ndarray, ...]]:
    """One operation per element; integers wrap as numpy's arrays do."""

    def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
        x, b = operands
        with np.errstate(all="ignore"):
            return (np.asarray(formula(x, b), x.dtype),)

    return reference


def binary_oracle(
    formula: Formula, exact: Exact
) -> Callable[[Sequence[np.ndarray], Site], tuple[np.ndarray, ...]]:
    """The same in float64, integers in Python's own, brought into range modulo 2^bits."""

    def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
        x, b = operands
        if x.dtype != np.float32:
            low, high = limits_of(x.dtype.name)
            x, b = np.broadcast_arrays(x, b)
            pairs = zip(x.reshape(-1), b.reshape(-1), strict=True)
            size = high - low + 1
            found = [float((exact(int(p), int(q)) - low) % size + low) for p, q in pairs]
            return (np.array(found, np.float64).reshape(x.shape),)
        with np.errstate(all="ignore"):
            return (np.asarray(formula(x.astype(np.float64), b.astype(np.float64))),)

    return oracle


def binary_arguments(site: Site) -> Sequence[Argument]:
    """(x, b, y, elements, period, block, blocks): b is the operand that repeats; for operations
    whose operands may change places."""
    x, b = (t.shape for t in site.inputs)
    result = site.outputs[0].shape
    first = repeat_of(x, result)
    assert first is not None  # so says infer
    turned = first.period < first.whole
    small = repeat_of(x if turned else b, result)
    assert small is not None
    operands = [In(1), In(0)] if turned else [In(0), In(1)]
    return [*operands, Out(), small.whole, *small.blocks]


def arguments_of(commutes: bool) -> Callable[[Site], Sequence[Argument]]:
    """What kernels of operations on two values are called with."""
    return binary_arguments if commutes else ordered_arguments


def ordered_arguments(site: Site) -> Sequence[Argument]:
    """(x, b, y, elements, period, block, blocks, turned): b is the operand that repeats; turned is
    1 where that is the first."""
    arguments = binary_arguments(site)
    return [*arguments, int(arguments[0] == In(1))]


def binary_extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """With another activation or a constant that repeats, on either side; constants lie between
    0.25 and 4 in magnitude, whole ones between -9 and 9."""
    if x.dtype not in NUMBERS:
        return None
    shape = _repeating(rng, x.shape)
    if shape is None:
        return Extension((0, 1))
    if x.dtype == "float32":
        b = np.asarray(2 ** rng.uniform(-2, 2, shape) * rng.choice([-1.0, 1.0], shape), np.float32)
    else:
        b = np.asarray(rng.integers(-9, 10, shape), x.dtype)
    return _beside(rng, b)


def _repeating(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape of a constant: along the last axis, along one before it, or of one element; None
    for another activation."""
    kind, axis = int(rng.integers(4)), int(rng.integers(max(1, len(shape))))
    if kind == 0:
        return None
    if kind == 1:
        return (1,) * min(1, len(shape))
    behind = (1,) * (len(shape) - axis - 1) if kind == 3 else ()
    return (*shape[axis : axis + 1], *behind) if kind == 3 else shape[-1:]


def _beside(rng: np.random.Generator, b: np.ndarray) -> Extension:
    """A constant behind the activation, or in front of it."""
    constant = (b, type_of(b))
    return Extension((0, constant) if rng.integers(3) else (constant, 0))


_FEW = [[1, 2, 3], [3, 2, 2], [0, 5, 4]]
"""Values so near those of the vector beside them that comparing with the wrong one shows."""


def float_cases() -> Mapping[str, Case]:
    """The table of every float32 operation on two operands."""
    every = np.repeat(SPECIAL, len(SPECIAL))
    return {
        "one_element": case(normal(1), normal(1, seed=1)),
        "same_shape": case(normal(3, 7), normal(3, 7, seed=1)),
        "last_axis": case(normal(3, 7), normal(7, seed=1), constant=(1,)),
        "few_values": case(array("float32", _FEW), array("float32", [1, 2, 3]), constant=(1,)),
        "last_two_axes": case(normal(2, 3, 5), normal(3, 5, seed=1), constant=(1,)),
        "single_value": case(normal(2, 9), array("float32", [-0.75]), constant=(1,)),
        "no_dimension": case(normal(), normal(seed=1)),
        **{f"repeats_{k}": v for k, v in _repeats("float32").items()},
        "mixed_sizes": case(normal(33, scale=1e6), normal(33, seed=1, scale=1e-3)),
        "special": case(every, np.tile(SPECIAL, len(SPECIAL))),
    }


def whole_cases() -> Mapping[str, Case]:
    """The table of every operation on two int32 or int64 operands."""
    rows: dict[str, Case] = {}
    for dtype in WHOLE:
        low, high = limits_of(dtype)
        edges = array(dtype, [0, 1, -1, 2, -2, 3, -3, 7, -7, 100, low, low + 1, high, high - 1])
        x, b = np.repeat(edges, len(edges)), np.tile(edges, len(edges))
        small = array(dtype, [3, -4, 5, -9, 7, 0])
        rows[f"{dtype}_edges"] = case(x, b)
        rows[f"{dtype}_random"] = case(whole(dtype, 3, 7), whole(dtype, 3, 7, seed=1))
        rows[f"{dtype}_last_axis"] = case(whole(dtype, 2, 6), small, constant=(1,))
        rows[f"{dtype}_single_value"] = case(small, small[2:3], constant=(1,))
        rows[f"{dtype}_few_values"] = case(
            array(dtype, _FEW), array(dtype, [1, 2, 3]), constant=(1,)
        )
        rows |= {f"{dtype}_repeats_{k}": v for k, v in _repeats(dtype).items()}
    return rows


def _repeats(dtype: str) -> dict[str, Case]:
    """Rows in which x is the smaller one, and rows with constants along axes before the last."""
    values = array(
        dtype, [3, -2, 1, 2, 5, -1, 4, 2, -3, 1, 2, 6, -5, 3, 1, 2, -4, 2, 5, 1, 3, 2, 1]
    )
    x, channels = np.append(values, values[:1]).reshape(2, 3, 4), values[2:5].reshape(3, 1)
    return {
        "first_single": case(values[4:5], x, constant=(0,)),
        "first_last_axis": case(values[:4], x, constant=(0,)),
        "channels_first": case(x, channels, constant=(1,)),
        "first_channels_first": case(channels, x, constant=(0,)),
        "first_axis": case(x, values[3:5].reshape(2, 1, 1), constant=(1,)),
        "middle_axes": case(x[:, :, None], x[1].reshape(3, 1, 4), constant=(1,)),
    }


def logical_extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """With another activation or a constant that repeats, on either side."""
    if x.dtype != "bool":
        return None
    shape = _repeating(rng, x.shape)
    if shape is None:
        return Extension((0, 1))
    return _beside(rng, np.asarray(rng.integers(2, size=shape) == 1))


def logical_cases() -> Mapping[str, Case]:
    """The table of every operation on two bool operands."""
    x = np.array([False, False, True, True] * 3)
    b = np.array([False, True] * 6)
    return {
        "every_pair": case(x, b),
        "one_element": case(x[2:3], b[:1]),
        "last_axis": case(x.reshape(6, 2), b[:2], constant=(1,)),
        "single_value": case(b, x[2:3], constant=(1,)),
        "first_single": case(x[2:3], b, constant=(0,)),
        "channels_first": case(x.reshape(2, 2, 3), b[:2].reshape(2, 1), constant=(1,)),
        "first_channels_first": case(b[:2].reshape(2, 1), x.reshape(2, 2, 3), constant=(0,)),
        "no_dimension": case(np.array(True), np.array(False)),
    }
