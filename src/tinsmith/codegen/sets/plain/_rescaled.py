"""Requantisation on its own: sums to int8, and int8 or uint8 to the int32 that other integer
operations take, there also summed along an axis or multiplied in the same step."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tinsmith.codegen.kernel_set import Binding, Table, Use
from tinsmith.codegen.order import Order
from tinsmith.codegen.sets.plain._requantised import ends_of, result_arguments
from tinsmith.codegen.sets.ref import single
from tinsmith.ir.graph import Part
from tinsmith.ir.op import OPS, Argument, In, Out, Site
from tinsmith.ir.ops._layout import around, axis_of, zero_of
from tinsmith.ir.ops.fused import part_sites

_ONE = 1 << 30
"""Multiplier of a power of two."""
_WHOLE = (0, -(2**31), 2**31 - 1)
"""Zero point, least and largest of a result that is left as it is."""
_MOST_BITS = 22
"""Values of nine bits with their sign, times two to this, are int32."""


def requantize(use: Use) -> Sequence[Binding]:
    """Sums of int32 times factors of at most one quarter, or of at most one where they stay int32;
    narrow values times a power of two."""
    return [*_narrowed(use), *_lessened(use), *_widened(use)]


def _narrowed(use: Use) -> Sequence[Binding]:
    x, result = use.site.inputs[0], use.site.outputs[0]
    _, multiplier, shift = use.contents
    rounding = use.site.attrs["rounding"]
    if (x.dtype, result.dtype) != ("int32", "int8") or rounding not in ("double", "single"):
        return []
    if multiplier is None or shift is None or multiplier.min() < 0:
        return []
    bits = np.where(multiplier == 0, 2, -shift)
    if bits.min() < 2:
        return []
    arguments: tuple[Argument | Table, ...] = (
        In(0), Table("f", lambda: np.stack([multiplier, bits - 1], axis=1).astype(np.int32)),
        Out(), x.elements, len(multiplier), *result_arguments(use.site),
    )  # fmt: skip
    return [Binding("requantize_int32", arguments, _orders(use))]


def _lessened(use: Use) -> Sequence[Binding]:
    x, result = use.site.inputs[0], use.site.outputs[0]
    _, multiplier, shift = use.contents
    rounding = use.site.attrs["rounding"]
    whole = (x.dtype, result.dtype) == ("int32", "int32") and ends_of(use.site) == _WHOLE
    if not whole or rounding not in ("double", "single") or multiplier is None or shift is None:
        return []
    if len(multiplier) > 1 or multiplier[0] < 0 or shift[0] > 0:
        return []
    bits = -int(shift[0])
    nearest = bits == 0 or rounding == "double"
    rounds = (-(2**31) if nearest else 0, -1 if bits and nearest else 0, 1 << bits >> 1)
    arguments = (In(0), Out(), x.elements, int(multiplier[0]), bits, *rounds)
    return [Binding("requantize_whole_int32", arguments, _orders(use))]


def _widened(use: Use) -> Sequence[Binding]:
    found = _powers(use.site, use.contents)
    if found is None:
        return []
    x = use.site.inputs[0]
    return [Binding(f"widen_{x.dtype}", (In(0), Out(), x.elements, *found), _orders(use))]


def widened_sum(use: Use) -> Sequence[Binding]:
    """Narrow values, widened, in another shape maybe, and summed along an axis."""
    parts = list(part_sites(use.site))
    ops = [p.op for p, _ in parts]
    if ops[0] != "requantize" or ops[-1] != "reduce_sum" or {*ops[1:-1]} - {"reshape"}:
        return []
    found = _powers(parts[0][1], use.contents[:3])
    if found is None:
        return []
    zero, bits = found
    x, last = use.site.inputs[0], parts[-1][1]
    outer, length, inner = around(last.inputs[0].shape, axis_of("sum", last.inputs[0], last.attrs))
    if length * 2**8 >= 2**31:
        return []
    arguments = (In(0), Out(), outer, length, inner, zero * length, bits)
    return [Binding(f"widened_sum_{x.dtype}", arguments)]


def product(use: Use) -> Sequence[Binding]:
    """A product of narrow values, or of such and constants, that is brought to int8 at once."""
    parts = list(part_sites(use.site))
    if [p.op for p, _ in parts][-2:] != ["mul", "requantize"]:
        return []
    *before, (mul, inner), (last, result) = parts
    factors = [_factor(use, before, i) for i in mul.inputs]
    numbers = _result(result, [use.contents[i] for i in last.inputs[1:]])
    if None in factors or numbers is None:
        return []
    arguments: list[Argument | Table] = []
    zeros = []
    for a in single(OPS.get("mul"), inner)[0].arguments:
        found = factors[a.index] if isinstance(a, In) else None
        arguments.append(found[0] if found else a)
        zeros += [found[1]] if found else []
    orders = single(OPS.get("mul"), inner)[0].orders
    own = [_moved(o, factors) for o in orders]
    return [
        Binding("mul_int8", (*arguments, *zeros, *numbers), tuple(o for o in own if o is not None))
    ]


_Factor = tuple[In | Table, int]
"""What a product reads, and the zero point of it."""


def _factor(use: Use, before: Sequence[tuple[Part, Site]], operand: int) -> _Factor | None:
    """Int8 values that a part widens without a shift, or a constant whose values fit eight bits
    less some zero point."""
    made = operand - len(use.site.inputs)
    if made < 0:
        known = use.contents[operand]
        if known is None or known.min() < -255 or known.max() - known.min() > 255:
            return None
        zero = -128 - int(known.min())
        return Table("b", lambda: (known.ravel() + zero).astype(np.int8)), zero
    part, site = before[made]
    found = _powers(site, [None, *(use.contents[i] for i in part.inputs[1:])])
    if found is None or found[1] != 0 or site.inputs[0].dtype != "int8":
        return None
    return In(part.inputs[0]), found[0]


def _result(site: Site, factors: Sequence[np.ndarray | None]) -> tuple[int, ...] | None:
    """(m, bits less one, twice, sign, base, span, high) of a requantisation to int8 by one factor
    below one half."""
    multiplier, shift = factors
    rounding = site.attrs["rounding"]
    if site.outputs[0].dtype != "int8" or rounding not in ("double", "single"):
        return None
    if multiplier is None or shift is None or len(multiplier) > 1 or shift[0] > -1:
        return None
    return int(multiplier[0]), -1 - int(shift[0]), *result_arguments(site)


def _moved(order: Order, factors: Sequence[_Factor | None]) -> Order | None:
    """The order of a product's operand as one of the whole use; a constant has none."""
    found = factors[order.operand]
    return replace(order, operand=found[0].index) if found and isinstance(found[0], In) else None


def _powers(site: Site, contents: Sequence[np.ndarray | None]) -> tuple[int, int] | None:
    """(zero point, n) of a requantisation that is (x - zero point) * 2^n and nothing else."""
    x, result = site.inputs[0], site.outputs[0]
    _, multiplier, shift = contents
    if x.dtype not in ("int8", "uint8") or result.dtype != "int32" or ends_of(site) != _WHOLE:
        return None
    if multiplier is None or shift is None or not np.all(multiplier == _ONE):
        return None
    bits = int(shift[0]) - 1
    same = bool(np.all(shift == shift[0]))
    return (zero_of(x), bits) if same and 0 <= bits <= _MOST_BITS else None


def _orders(use: Use) -> tuple[Order, ...]:
    return single(OPS.get("requantize"), use.site)[0].orders
