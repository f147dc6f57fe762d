"""The specification: plain C for every operation and for common layers with what follows them.

A single operation binds as it says itself (`Op.kernels`). A fused use binds by file name: the
operations' names joined, then the type of the first operand (``conv2d_requantize_int8``). Its
kernel takes the first operation's arguments with the last one's result, then `FOLLOWING`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files

from tinsmith.codegen.kernel_set import Binding, KernelSet, Table, Use
from tinsmith.codegen.order import Order, moving, stepwise, streamed, windows
from tinsmith.ir.op import OPS, Argument, In, Op, Site
from tinsmith.ir.ops.fused import part_sites


def bind(use: Use) -> Sequence[Binding]:
    """The kernel of a single operation, or of a fused use where there is one."""
    return list(_fused(use.site)) if use.op == "fused" else single(OPS.get(use.op), use.site)


def single(op: Op, site: Site) -> list[Binding]:
    """The kernel that an operation binds by itself; none for types that it does not compute."""
    dtype = site.inputs[0].dtype
    if dtype not in op.kernels:
        return []
    kernel = op.kernels[dtype]
    arguments = tuple(kernel.arguments(site))
    return [Binding(op.kernel_name(dtype), arguments, _orders(op, site), bool(kernel.suffix))]


def _orders(op: Op, site: Site) -> tuple[Order, ...]:
    if len(site.outputs) != 1:
        return ()
    if op.access == "windows":
        return (windows(site, "pixel"),)
    if op.access == "steps":
        turned = site.attrs.get("backward") or site.inputs[1].shape[0] == 2  # two directions
        return () if turned else (stepwise(site),)
    if op.access == "moving":
        return tuple(moving(site, i, op.reference) for i in op.alias)
    same = [i for i in op.alias if site.inputs[i].elements == site.outputs[0].elements]
    return tuple(streamed(site, i) for i in same)


def _fused(site: Site) -> Iterator[Binding]:
    (first, own), *rest = part_sites(site)
    name = "_".join([first.op, *(p.op for p, _ in rest), own.inputs[0].dtype])
    alone = single(OPS.get(first.op), own)
    known = files("tinsmith.kernels").joinpath("ref", f"{name}.c").is_file()
    if not alone or not known or not all(_one_bound(p.op, s) for p, s in rest):
        return
    arguments = [moved(a, first.inputs) for a in alone[0].arguments]
    for part, inner in rest:
        arguments += [moved(a, part.inputs) for a in FOLLOWING[part.op](inner)]
    yield Binding(name, tuple(arguments), alone[0].orders)


def _one_bound(op: str, site: Site) -> bool:
    return op not in ("max", "min") or site.inputs[1].elements == 1


def moved(argument: Argument | Table, inputs: Sequence[int]) -> Argument | Table:
    """The argument, its operand counted among those of the fused node."""
    return In(inputs[argument.index]) if isinstance(argument, In) else argument


def _requantize(site: Site) -> Sequence[Argument]:
    """(multiplier, shift, factors, zero point, low, high, rounding, bytes[, zero point of x])"""
    _, multiplier, shift, _, _, *more = (
        OPS.get("requantize").kernels[site.inputs[0].dtype].arguments(site)
    )
    return [multiplier, shift, *more]


FOLLOWING: Mapping[str, Callable[[Site], Sequence[Argument]]] = {
    "requantize": _requantize,
    "relu": lambda site: [],
    "max": lambda site: [In(1)],
    "min": lambda site: [In(1)],
}
"""What a kernel is told of an operation that follows in the same step."""

SET = KernelSet("ref", bind)
