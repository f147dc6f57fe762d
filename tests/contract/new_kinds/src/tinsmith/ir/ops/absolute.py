"""Magnitude: y = |x|."""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Case, Extension, In, Kernel, Op, Out, Site, Types
from tinsmith.ir.types import TensorType, type_of


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """Any shape, float32."""
    return (inputs[0],)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """A comparison: NaN stays."""
    (x,) = operands
    return (np.where(x < 0, -x, x),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Float64."""
    return (np.abs(operands[0].astype(np.float64)),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, elements)"""
    return [In(0), Out(), site.inputs[0].elements]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind any float32 activation."""
    return Extension((0,)) if x.dtype == "float32" else None


def _case(*values: float) -> Case:
    x = np.array(values, np.float32)
    return Case((x,), (type_of(x),))


OP = Op(
    name="absolute",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments)},
    cases={"one_element": _case(-2.5), "signs": _case(-1.0, 0.0, 3.0, -1e-40, 3e38)},
    extend=extend,
    access="elementwise",
    alias=(0,),
    pointwise=1,
)
