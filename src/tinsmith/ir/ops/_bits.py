"""What the operations on the bits of two whole tensors share: y[i] = x[i] (.) b or int64."""

from collections.abc import Mapping

import numpy as np

from tinsmith.ir.op import Attrs, Case, Extension, Kernel, Op, Types
from tinsmith.ir.ops._binary import (
    WHOLE,
    Exact,
    Formula,
    arguments_of,
    binary_extend,
    binary_oracle,
    binary_reference,
    infer_binary,
)
from tinsmith.ir.ops._cases import array, case, whole
from tinsmith.ir.ops._layout import limits_of
from tinsmith.ir.types import TensorType

_COUNTS = (0, 1, 2, 5, 7, 31, 32, 33, 63, 64, 65, -1, -33, 200)


def bits_op(name: str, formula: Formula, exact: Exact, commutes: bool = False) -> Op:
    """An operation on int32 and int64.

    Args:
        formula: the meaning, on arrays of one of these dtypes; its result has that dtype.
        exact: on Python's integers; what it returns is wrapped.
        commutes: the operands may change places.
    """

    def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
        return infer_binary(name, inputs, *WHOLE)

    return Op(
        name=name,
        infer=infer,
        reference=binary_reference(formula),
        oracle=binary_oracle(formula, exact),
        kernels={d: Kernel(arguments_of(commutes)) for d in WHOLE},
        cases=dict(_cases()),
        extend=_extend,
        access="elementwise",
        alias=(0, 1),
        pointwise=2,
        commutes=commutes,
    )


def _extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    return binary_extend(rng, x) if x.dtype in WHOLE else None


def _cases() -> Mapping[str, Case]:
    rows: dict[str, Case] = {}
    for dtype in WHOLE:
        low, high = limits_of(dtype)
        edges = array(dtype, [0, 1, -1, 2, -3, 100, low, low + 1, high, 0x55555555])
        counts = array(dtype, list(_COUNTS))
        x, b = np.repeat(edges, len(counts)), np.tile(counts, len(edges))
        rows[f"{dtype}_counts"] = case(x, b)
        rows[f"{dtype}_random"] = case(whole(dtype, 3, 5), whole(dtype, 3, 5, seed=1))
        rows[f"{dtype}_last_axis"] = case(whole(dtype, 2, 6), counts[1:7], constant=(1,))
        rows[f"{dtype}_single_value"] = case(counts, counts[3:4], constant=(1,))
        rows[f"{dtype}_first_single"] = case(edges[8:9], counts, constant=(0,))
        rows[f"{dtype}_channels_first"] = case(
            whole(dtype, 2, 4, 3), counts[1:5].reshape(4, 1), constant=(1,)
        )
        rows[f"{dtype}_first_channels_first"] = case(
            edges[6:10].reshape(4, 1), np.resize(counts, (2, 4, 3)), constant=(0,)
        )
    return rows


def width(x: np.ndarray) -> int:
    """Bits of an element."""
    return x.dtype.itemsize * 8
