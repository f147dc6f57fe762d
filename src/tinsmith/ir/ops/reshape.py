"""Another shape for the same elements in the same order (attribute ``shape``)."""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, In, Op, Out, ShapeError, Site, Types, moving
from tinsmith.ir.ops._cases import SPECIAL, case, every_dtype, int8_case, normal, whole
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.types import SIZES, Quant, TensorType
from tinsmith.ir.walk import Walk


def _shape(attrs: Attrs) -> tuple[int, ...]:
    shape = attrs.get("shape")
    if not isinstance(shape, tuple) or not all(isinstance(d, int) and d > 0 for d in shape):
        raise ShapeError("reshape", f"shape is {shape!r}; expected positive whole numbers")
    return tuple(int(d) for d in shape)


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """As many elements as x. Quantisation per axis survives if that axis is and stays the last."""
    of_dtype("reshape", inputs, 1, *SIZES)
    x, shape = inputs[0], _shape(attrs)
    quant = x.quant
    if quant and quant.axis is not None:
        if quant.axis != len(x.shape) - 1 or shape[-1:] != x.shape[-1:]:
            raise ShapeError("reshape", f"x {x} is quantised per axis {quant.axis}; to {shape}")
        quant = Quant(quant.scale, quant.zero_point, len(shape) - 1)
    if int(np.prod(shape)) != x.elements:
        raise ShapeError("reshape", f"x {x.shape} to {shape}: {x.elements} elements differ")
    return (TensorType(shape, x.dtype, quant),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """A copy of the elements in order."""
    return (operands[0].reshape(_shape(site.attrs)).copy(),)


def walk(site: Site) -> Walk:
    """All in order."""
    return Walk((site.inputs[0].elements,), (1,))


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, elements)"""
    return [In(0), Out(), site.inputs[0].elements]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """To one row, one column, or the shape reversed."""
    if x.quant and x.quant.axis is not None:
        return None
    shapes = [(1, x.elements), (x.elements, 1), x.shape[::-1] or (1,)]
    return Extension((0,), {"shape": shapes[int(rng.integers(3))]})


CASES = every_dtype(3, 5, shape=(15,)) | {
    "one_element": case(normal(1), shape=(1, 1)),
    "no_dimension": case(normal(1, 1), shape=()),
    "flatten": case(normal(3, 7), shape=(21,)),
    "special": case(SPECIAL, shape=(5, 4)),
    "quantised": int8_case(whole("int8", 5, 7), quants=(Quant((0.1,), (3,)),), shape=(7, 5)),
    "int16_per_channel": int8_case(
        whole("int16", 4, 3), quants=(Quant((0.1, 0.2, 0.3), (0, 0, 0), 1),), shape=(2, 2, 3)
    ),
}

OP = Op(
    name="reshape",
    infer=infer,
    reference=reference,
    kernels=moving(arguments),
    cases=CASES,
    extend=extend,
    access="elementwise",
    alias=(0,),
    moves=True,
    walk=walk,
)
