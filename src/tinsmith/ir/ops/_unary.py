"""What functions of one value share: float32 in, float32 out; some take integers too."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Case, Extension, In, Kernel, Op, Out, Site, Types
from tinsmith.ir.ops._cases import SPECIAL, array, case, normal, positive, whole
from tinsmith.ir.ops._layout import limits_of, of_dtype
from tinsmith.ir.types import TensorType

Formula = Callable[[np.ndarray], np.ndarray]
WHOLE = ("int32", "int64")


def function_op(name: str, formula: Formula, oracle: Formula, reach: float) -> Op:
    """A function of one float32 value.

    Args:
        formula: the meaning, on float32 arrays, step for step as the kernel.
        oracle: the textbook formula on float64.
        reach: its interesting range is -reach to reach.
    """
    return Op(
        name=name,
        infer=unary_infer(name),
        reference=unary_reference(formula),
        oracle=unary_oracle(oracle),
        kernels={"float32": Kernel(unary_arguments)},
        cases=signed_cases(reach),
        extend=unary_extend,
        access="elementwise",
        alias=(0,),
        pointwise=1,
    )


def sign_op(name: str, formula: Formula) -> Op:
    """A function of one float32, int32 or int64 value that touches its sign; integers wrap."""

    def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
        of_dtype(name, inputs, 1, "float32", *WHOLE)
        return (TensorType(inputs[0].shape, inputs[0].dtype),)

    def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
        (x,) = operands
        if x.dtype == np.float32:
            return unary_oracle(formula)(operands, site)
        low, high = limits_of(x.dtype.name)
        found = [int(formula(np.array(int(v), object))) for v in x.reshape(-1)]
        wrapped = [float((v - low) % (high - low + 1) + low) for v in found]
        return (np.array(wrapped).reshape(x.shape),)

    def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
        return Extension((0,)) if x.dtype in ("float32", *WHOLE) else None

    return Op(
        name=name,
        infer=infer,
        reference=unary_reference(formula),
        oracle=oracle,
        kernels={d: Kernel(unary_arguments) for d in ("float32", *WHOLE)},
        cases=dict(signed_cases(10.0)) | dict(whole_cases()),
        extend=extend,
        access="elementwise",
        alias=(0,),
        pointwise=1,
    )


def unary_reference(
    formula: Formula,
) -> Callable[[Sequence[np.ndarray], Site], tuple[np.ndarray, ...]]:
    """The formula on the operand, in its dtype."""

    def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
        with np.errstate(all="ignore"):
            return (np.asarray(formula(operands[0]), operands[0].dtype),)

    return reference


def unary_infer(op: str) -> Callable[[Types, Attrs], tuple[TensorType, ...]]:
    """Any shape, float32."""

    def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
        of_dtype(op, inputs, 1, "float32")
        return (inputs[0],)

    return infer


def unary_oracle(
    formula: Callable[[np.ndarray], np.ndarray],
) -> Callable[[Sequence[np.ndarray], Site], tuple[np.ndarray, ...]]:
    """numpy's own function in float64."""

    def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
        with np.errstate(all="ignore"):
            return (np.asarray(formula(operands[0].astype(np.float64))),)

    return oracle


def unary_arguments(site: Site) -> Sequence[Argument]:
    """(x, y, elements)"""
    return [In(0), Out(), site.inputs[0].elements]


def unary_extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind any float32 activation."""
    return Extension((0,)) if x.dtype == "float32" else None


def unary_cases() -> Mapping[str, Case]:
    """The table of every function of one positive value."""
    rng = np.random.default_rng(5)
    patterns = rng.integers(0, 0x7F800000, 3000).astype(np.uint32).view(np.float32)
    denormal = rng.integers(1, 0x00800000, 300).astype(np.uint32).view(np.float32)
    near_one = (1 + np.arange(-500, 501) * 2.0**-23).astype(np.float32)
    return {
        "one_element": case(positive(1)),
        "odd": case(positive(3, 7)),
        "powers_of_two": case((2.0 ** np.arange(-149, 128)).astype(np.float32)),
        "any_pattern": case(patterns),
        "denormal": case(denormal),
        "near_one": case(near_one),
        "around_one": case(np.linspace(0.7, 1.42, 1000).astype(np.float32)),
        "special": case(SPECIAL),
        "negative": case(-patterns[:50]),
    }


def signed_cases(reach: float) -> Mapping[str, Case]:
    """The table of every function of a value of either sign, mostly within -reach..reach."""
    rng = np.random.default_rng(6)
    patterns = rng.integers(0, 0x7F800000, 2000).astype(np.uint32)
    signs = rng.integers(2, size=2000).astype(np.uint32) << 31
    ties = array("float32", [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 8388607.5, -8388607.5, 8388609.0])
    return {
        "one_element": case(normal(1)),
        "odd": case(normal(3, 7)),
        "no_dimension": case(normal()),
        "range": case(np.linspace(-reach, reach, 2001).astype(np.float32)),
        "around_zero": case(np.linspace(-1.1, 1.1, 1001).astype(np.float32)),
        "any_pattern": case((patterns | signs).view(np.float32)),
        "ties": case(ties),
        "special": case(SPECIAL),
    }


def whole_cases() -> Mapping[str, Case]:
    """The rows of int32 and int64."""
    rows = {d: case(whole(d, 3, 5)) for d in WHOLE}
    small = {f"{d}_small": case(array(d, [1, -1, 0, 2, -2])) for d in WHOLE}
    return rows | small
