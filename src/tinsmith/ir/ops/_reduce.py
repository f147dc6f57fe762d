"""What the reductions share: float32, one axis (attribute ``axis``) disappears."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Case, Extension, In, Out, Site, Types
from tinsmith.ir.ops._cases import SPECIAL, array, case, normal
from tinsmith.ir.ops._layout import around, axis_of, of_dtype
from tinsmith.ir.types import TensorType


def reduce_infer(op: str) -> Callable[[Types, Attrs], tuple[TensorType, ...]]:
    """x of any rank >= 1 -> x without the axis."""

    def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
        of_dtype(op, inputs, 1, "float32")
        axis = axis_of(op, inputs[0], attrs)
        shape = inputs[0].shape
        return (TensorType(shape[:axis] + shape[axis + 1 :], "float32"),)

    return infer


def slices(x: np.ndarray, site: Site) -> list[np.ndarray]:
    """x cut along the axis, in order of index."""
    return list(np.moveaxis(x, axis_of("reduce", site.inputs[0], site.attrs), 0))


def reduce_arguments(site: Site) -> Sequence[Argument]:
    """(x, y, outer, length, inner)"""
    shape = site.inputs[0].shape
    return [In(0), Out(), *around(shape, axis_of("reduce", site.inputs[0], site.attrs))]


def reduce_extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Along any axis of a tensor that keeps at least one."""
    if x.dtype != "float32" or len(x.shape) < 2:
        return None
    return Extension((0,), {"axis": int(rng.integers(len(x.shape)))})


def reduce_cases() -> Mapping[str, Case]:
    """The table of every reduction."""
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
