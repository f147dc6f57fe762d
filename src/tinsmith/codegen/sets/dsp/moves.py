"""Movements of whole runs of bytes, whatever they hold, on cores that load words from any address:
reshapes, concatenations and slices."""

from collections.abc import Sequence

from tinsmith.codegen.kernel_set import Binding, Use
from tinsmith.codegen.order import moving, streamed
from tinsmith.ir.op import OPS, Argument, In, Out, Site
from tinsmith.ir.types import SIZES

LEAST_RUN = 8
"""Bytes of a run from which words pay."""


def bind(use: Use) -> Sequence[Binding]:
    """The kernel of a movement whose runs are long enough."""
    if use.op == "reshape":
        return _reshape(use.site)
    if use.op in ("concat", "slice"):
        return _runs(use.op, use.site)
    return []


def _reshape(site: Site) -> list[Binding]:
    if site.inputs[0].nbytes < LEAST_RUN:
        return []
    arguments = (In(0), Out(), site.inputs[0].nbytes)
    return [Binding("reshape_bytes", arguments, (streamed(site, 0),), untyped=True)]


def _runs(op: str, site: Site) -> list[Binding]:
    """The numbers of the reference's kernel, elements counted in bytes."""
    size = SIZES[site.inputs[0].dtype]
    kernel = OPS.get(op).kernels[site.inputs[0].dtype]
    numbers = [a for a in kernel.arguments(site) if isinstance(a, int)]
    if op == "concat":
        outer, *runs = numbers
        arguments: list[Argument] = [In(0), In(1), Out(), outer, *(size * n for n in runs)]
        least = min(runs)
    else:
        outer, length, inner, start, taken = numbers
        spans = (length, start, taken)
        arguments = [In(0), Out(), outer, *(size * inner * n for n in spans)]
        least = taken * inner
    if size * least < LEAST_RUN:
        return []
    whole = OPS.get(op)  # bytes are copied front to back, some ahead of what is written
    orders = tuple(moving(site, k, whole.reference) for k in whole.alias)
    return [Binding(f"{op}_bytes", tuple(arguments), orders, untyped=True)]
