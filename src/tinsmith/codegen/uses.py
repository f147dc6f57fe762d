"""What kernel sets get to see of a node, and what they offer for it: all but what changes nothing
in memory. That is a reshape at its end, and operands of which it takes a run of elements first: a
kernel reads just those, and is called with the address of the first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from tinsmith.codegen.buffers import ALIGNMENT
from tinsmith.codegen.kernel_set import Binding, KernelSet, Table, Use
from tinsmith.codegen.order import Order, Times
from tinsmith.codegen.program import Call
from tinsmith.ir.graph import Graph, Node, Part
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS, Argument, In, Site
from tinsmith.ir.ops.fused import part_sites
from tinsmith.ir.types import SIZES, TensorType
from tinsmith.ir.walk import joined


@dataclass(frozen=True)
class Run:
    """Elements of an operand, from one on, of which a node knows nothing else."""

    start: int
    type: TensorType


def offers_of(graph: Graph, node: Node, sets: Sequence[KernelSet]) -> list[Call]:
    """Every way in which kernels of some sets compute a node, the preferred first."""
    site, use = site_of(graph, node), use_of(graph, node)
    runs = _runs(node, site)
    constants = frozenset(k for k, i in enumerate(node.inputs) if i in graph.constants)
    return [
        Call(node, site, s, _moved(b, site, runs) if runs else b, constants)
        for s in sets
        for b in s.bind(use)
    ]


def use_of(graph: Graph, node: Node) -> Use:
    """What kernel sets get to see of a node."""
    site = site_of(graph, node)
    contents = tuple(graph.constants.get(i) for i in node.inputs)
    runs = _runs(node, site)
    parts = node.parts[len(runs) :]
    if len(parts) > 1 and parts[-1].op == "reshape":
        parts = parts[:-1]
    if len(parts) == len(node.parts):
        return Use(node.op, site, contents)
    inputs = tuple(runs[k].type if k in runs else t for k, t in enumerate(site.inputs))
    made = (parts[-1].type,)
    if len(parts) == 1:
        return Use(parts[0].op, Site(parts[0].attrs, inputs, made), contents)
    shown = replace(node, parts=_renumbered(parts, list(runs), len(inputs)))
    return Use(node.op, Site(shown.given, inputs, made), contents)


def _renumbered(parts: Sequence[Part], runs: Sequence[int], operands: int) -> tuple[Part, ...]:
    """Parts that read operands where they read runs of them."""

    def place(k: int) -> int:
        number = k - operands
        return k if number < 0 else runs[number] if number < len(runs) else k - len(runs)

    return tuple(replace(p, inputs=tuple(place(k) for k in p.inputs)) for p in parts)


def _runs(node: Node, site: Site) -> dict[int, Run]:
    """Operand -> the run that all parts behind read in place of it: of slices at the beginning,
    whose elements lie behind each other, the first at an address as kernels expect them. Nothing
    where another part reads an operand itself."""
    found: dict[int, Run] = {}
    for part, own in part_sites(site) if node.parts else ():
        walk = OPS.get(part.op).walk
        (operand, *rest) = part.inputs
        if part.op != "slice" or walk is None or rest or operand >= len(node.inputs):
            break
        taken = walk(own)
        apart = joined(taken.lengths, taken.steps)[1] not in ([], [1])
        if apart or operand in found or _bytes(site, operand, taken.offset) % ALIGNMENT:
            return {}
        found[operand] = Run(taken.offset, part.type)
    behind = node.parts[len(found) :]
    return {} if any(found.keys() & set(p.inputs) for p in behind) or not behind else found


def _bytes(site: Site, operand: int, elements: int) -> int:
    return elements * SIZES[site.inputs[operand].dtype]


def _moved(binding: Binding, site: Site, runs: Mapping[int, Run]) -> Binding:
    """The binding, of runs of operands."""

    def argument(a: Argument | Table) -> Argument | Table:
        if not isinstance(a, In) or a.index not in runs:
            return a
        return In(a.index, _bytes(site, a.index, runs[a.index].start))

    orders = tuple(
        Order(o.operand, partial(_times, o, site.inputs[o.operand].elements, runs[o.operand]))
        if o.operand in runs
        else o
        for o in binding.orders
    )
    return replace(binding, arguments=tuple(map(argument, binding.arguments)), orders=orders)


def _times(order: Order, elements: int, run: Run) -> Times:
    """The times of a whole operand, of which nothing outside the run is read."""
    reads, writes = order.times()
    whole = np.full(elements, writes.min(), reads.dtype)
    whole[run.start : run.start + run.type.elements] = reads
    return whole, writes
