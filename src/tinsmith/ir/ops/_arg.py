"""What argmax and argmin share: the int64 index of the best value along one axis, which disappears.

Attributes: axis; last (of equal values the last index rather than the first; False if absent).
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Case, Extension, Kernel, Op, Site, Types
from tinsmith.ir.ops._cases import SPECIAL, array, case, normal, whole
from tinsmith.ir.ops._layout import axis_of, flag_of
from tinsmith.ir.ops._reduce import DTYPES, reduce_arguments, reduce_infer, slices
from tinsmith.ir.types import TensorType

Better = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _last(op: str, attrs: Attrs) -> bool:
    return flag_of(op, attrs, "last")


def _infer(op: str) -> Callable[[Types, Attrs], tuple[TensorType, ...]]:
    inner = reduce_infer(op, *DTYPES, result="int64")

    def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
        _last(op, attrs)
        return inner(inputs, attrs)

    return infer


def _reference(
    op: str, better: Better
) -> Callable[[Sequence[np.ndarray], Site], tuple[np.ndarray, ...]]:
    """By comparison from the first place on: a NaN there stays, others lose."""

    def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
        best, *rest = slices(operands[0], site)
        place = np.zeros(best.shape, np.int64)
        for k, x in enumerate(rest, 1):
            wins = better(x, best) | ((x == best) & _last(op, site.attrs))
            best, place = np.where(wins, x, best), np.where(wins, k, place)
        return (np.asarray(place),)

    return reference


def _oracle(
    op: str, formula: Callable[..., np.ndarray]
) -> Callable[[Sequence[np.ndarray], Site], tuple[np.ndarray, ...]]:
    """numpy's own, from the other end where the last index is wanted."""

    def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
        axis = axis_of(op, site.inputs[0], site.attrs)
        if not _last(op, site.attrs):
            return (np.asarray(formula(operands[0], axis)),)
        found = formula(np.flip(operands[0], axis), axis)
        return (np.asarray(site.inputs[0].shape[axis] - 1 - found),)

    return oracle


def _extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Along any axis of a tensor that keeps at least one."""
    if x.dtype not in DTYPES or len(x.shape) < 2:
        return None
    return Extension((0,), {"axis": int(rng.integers(len(x.shape))), "last": bool(rng.integers(2))})


def _cases() -> Mapping[str, Case]:
    made = {"special": case(np.stack([SPECIAL, SPECIAL[::-1]]), axis=1)}
    for dtype in DTYPES:
        few = array(dtype, [[3, 9, -5, 9, -5], [0, 0, 0, 0, 0], [1, 2, 3, 4, 5], [5, 4, 3, 2, 1]])
        wide = normal(3, 7, 5) if dtype == "float32" else whole(dtype, 3, 7, 5)
        made[f"{dtype}_first"] = case(few, axis=1)
        made[f"{dtype}_last"] = case(few, axis=-1, last=True)
        made[f"{dtype}_middle_axis"] = case(wide, axis=1)
    return made


def arg_op(name: str, better: Better, formula: Callable[..., np.ndarray]) -> Op:
    """The operation that finds the best value by ``better``, over all of `_reduce.DTYPES`."""

    def arguments(site: Site) -> Sequence[Argument]:
        """(x, y, outer, length, inner, last)"""
        return [*reduce_arguments(site), int(_last(name, site.attrs))]

    return Op(
        name=name,
        infer=_infer(name),
        reference=_reference(name, better),
        oracle=_oracle(name, formula),
        kernels={d: Kernel(arguments) for d in DTYPES},
        cases=_cases(),
        extend=_extend,
    )
