"""What sqrt and log share: one float32 value in, one out."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Case, Extension, In, Out, Site, Types
from tinsmith.ir.ops._cases import SPECIAL, case, positive
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.types import TensorType


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
