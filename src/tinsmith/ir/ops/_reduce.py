"""What the reductions share: one axis (attribute ``axis``) disappears."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Case, Extension, In, Kernel, Op, Out, Site, Types
from tinsmith.ir.ops._cases import SPECIAL, array, case, normal, whole
from tinsmith.ir.ops._layout import around, axis_of, of_dtype
from tinsmith.ir.types import DType, TensorType

DTYPES = ("float32", "int32", "int64")
"""What reductions take but the mean, which is float32 only."""

Step = Callable[[np.ndarray, np.ndarray], np.ndarray]


def reduce_infer(
    op: str, *dtypes: str, result: DType | None = None
) -> Callable[[Types, Attrs], tuple[TensorType, ...]]:
    """x of any rank >= 1 -> x without the axis, of dtype ``result`` (x's where None)."""

    def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
        of_dtype(op, inputs, 1, *(dtypes or ("float32",)))
        axis = axis_of(op, inputs[0], attrs)
        shape = inputs[0].shape
        return (TensorType(shape[:axis] + shape[axis + 1 :], result or inputs[0].dtype),)

    return infer


def slices(x: np.ndarray, site: Site) -> list[np.ndarray]:
    """x cut along the axis, in order of index."""
    return list(np.moveaxis(x, axis_of("reduce", site.inputs[0], site.attrs), 0))


def folding(step: Step) -> Callable[[Sequence[np.ndarray], Site], tuple[np.ndarray, ...]]:
    """Reference: starts with the first element and takes in the others in order of index."""

    def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
        total, *rest = slices(operands[0], site)
        with np.errstate(all="ignore"):
            for x in rest:
                total = step(total, x)
            return (np.array(total, operands[0].dtype),)

    return reference


def textbook(formula: np.ufunc) -> Callable[[Sequence[np.ndarray], Site], tuple[np.ndarray, ...]]:
    """Oracle: numpy's own reduction, floats in float64, integers modulo 2^bits."""

    def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
        (x,) = operands
        axis = axis_of("reduce", site.inputs[0], site.attrs)
        with np.errstate(all="ignore"):
            x = x.astype(np.float64) if x.dtype == np.float32 else x
            return (np.asarray(formula.reduce(x, axis, dtype=x.dtype)),)

    return oracle


def reduce_arguments(site: Site) -> Sequence[Argument]:
    """(x, y, outer, length, inner)"""
    shape = site.inputs[0].shape
    return [In(0), Out(), *around(shape, axis_of("reduce", site.inputs[0], site.attrs))]


def reduce_extend(
    rng: np.random.Generator, x: TensorType, dtypes: Sequence[str] = ("float32",)
) -> Extension | None:
    """Along any axis of a tensor that keeps at least one."""
    if x.dtype not in dtypes or len(x.shape) < 2:
        return None
    return Extension((0,), {"axis": int(rng.integers(len(x.shape)))})


def reduce_cases() -> Mapping[str, Case]:
    """The table of every float32 reduction."""
    return {
        "one_element": case(normal(1), axis=0),
        "vector": case(normal(9), axis=0),
        "first_axis": case(normal(7, 3), axis=0),
        "last_axis": case(normal(3, 7), axis=1),
        "last_axis_negative": case(normal(3, 7), axis=-1),
        "middle_axis": case(normal(2, 5, 3), axis=1),
        "large_offset": case(normal(64, 2) + np.float32(1000), axis=0),
        "special_columns": case(np.stack([SPECIAL, normal(20), SPECIAL[::-1]]), axis=0),
        "special_rows": case(np.stack([SPECIAL, normal(20), SPECIAL[::-1]]), axis=1),
        "zeros_of_both_signs": case(array("float32", [[0.0, -0.0], [-0.0, 0.0]]), axis=1),
    }


def integer_cases(dtype: str) -> Mapping[str, Case]:
    """Rows of one dtype of integers, over its full range."""
    ties = array(dtype, [[3, 9, -5, 9, -5], [0, 0, 0, 0, 0], [1, 2, 3, 4, 5], [5, 4, 3, 2, 1]])
    return {
        f"{dtype}_one_element": case(whole(dtype, 1), axis=0),
        f"{dtype}_small": case(ties, axis=-1),
        f"{dtype}_middle_axis": case(whole(dtype, 3, 7, 5), axis=1),
        f"{dtype}_first_axis": case(whole(dtype, 40, 2), axis=0),
    }


def reduction(name: str, step: Step, formula: np.ufunc) -> Op:
    """The operation that folds an axis by ``step``, over all `DTYPES`."""
    return Op(
        name=name,
        infer=reduce_infer(name, *DTYPES),
        reference=folding(step),
        oracle=textbook(formula),
        kernels={d: Kernel(reduce_arguments) for d in DTYPES},
        cases={**reduce_cases(), **integer_cases("int32"), **integer_cases("int64")},
        extend=lambda rng, x: reduce_extend(rng, x, DTYPES),
    )
