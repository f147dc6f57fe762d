"""Element by element on Arm cores with the DSP extension: sums of two tensors of int8 with scales
of their own, and functions of one byte by their table."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from tinsmith.codegen.kernel_set import Binding, Table, Use
from tinsmith.codegen.order import streamed
from tinsmith.codegen.sets._sums import sum_of
from tinsmith.ir.op import OPS, Argument, In, Out, Site
from tinsmith.ir.types import TensorType

BYTES = ("int8", "uint8")
FUNCTIONS = ("lookup", "relu", "requantize")
"""Operations of one byte; what else they take is constant."""
LEAST_ELEMENTS = 256
"""From which a table pays that the operation did not bring itself."""


def bind(use: Use) -> Sequence[Binding]:
    """The kernels of additions and of functions of one byte."""
    if use.op in FUNCTIONS:
        return list(_function(use))
    return list(_add(use))


def _function(use: Use) -> Iterator[Binding]:
    """Where it is the same for all elements."""
    x, y, others = use.site.inputs[0], use.site.outputs[0], use.contents[1:]
    if x.dtype not in BYTES or y.dtype not in BYTES or any(o is None for o in others):
        return
    if use.op == "requantize" and use.site.inputs[1].elements > 1:
        return
    if use.op != "lookup" and x.elements < LEAST_ELEMENTS:
        return
    arguments = (In(0), Table("function", partial(_function_table, use)), Out(), x.elements)
    yield Binding("lookup_bytes", arguments, (streamed(use.site, 0),), untyped=True)


def _function_table(use: Use) -> np.ndarray:
    """The function of every byte."""
    x, y = use.site.inputs[0], use.site.outputs[0]
    every = np.arange(256, dtype=np.uint8).view(x.dtype)
    others = [np.asarray(o) for o in use.contents[1:]]
    wide = Site(
        use.site.attrs, (TensorType((256,), x.dtype, x.quant), *use.site.inputs[1:]),
        (TensorType((256,), y.dtype, y.quant),),
    )  # fmt: skip
    return OPS.get(use.op).reference([every, *others], wide)[0]


def _add(use: Use) -> Iterator[Binding]:
    """The one that computes each of the 65,536 sums as it is defined."""
    found = sum_of(use, clamped=False)
    if found is None:
        return
    site = use.site
    orders = tuple(streamed(site, i) for i in (0, 1))
    common: list[Argument] = [
        In(0), In(1), Out(), site.inputs[0].elements, found.first, found.second,
    ]  # fmt: skip
    if found.away:
        more = [found.middle, found.end, found.low, found.high]
        yield Binding("add_any_int8", (*common, *more), orders)
    else:
        yield Binding("add_int8", (*common, found.end), orders)
