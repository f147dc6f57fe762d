"""Rows of operations' tables as nodes of graphs, so that few images are linked."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.op import OPS, Op
from tinsmith.testing.kernels import case_site

SHARED_NAME = "batch"
"""Kernels' names begin with their module's: so their objects are the same in all graphs."""
MOST_BYTES = 100_000
"""Operands and results of one image: less than half of the smallest board's RAM."""


def batches() -> list[tuple[str, ...]]:
    """Operations that are linked into one image: as many as fit a small board."""
    made: list[tuple[str, ...]] = []
    some: list[str] = []
    for name in OPS.names():
        if some and sum(map(nbytes, (*some, name))) > MOST_BYTES:
            made.append(tuple(some))
            some = []
        some.append(name)
    return [*made, tuple(some)]


def nbytes(name: str) -> int:
    """What the rows of an operation take, operands and results."""
    rows = OPS.get(name).cases.values()
    sites = [case_site(OPS.get(name), c) for c in rows]
    return sum(t.nbytes for s in sites for t in (*s.inputs, *s.outputs))


def tables(names: tuple[str, ...]) -> tuple[Graph, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """One node per row; its inputs ([1, *shape]) and the reference of every result."""
    builder = Builder(SHARED_NAME, "quantised")
    inputs: dict[str, np.ndarray] = {}
    wanted: dict[str, np.ndarray] = {}
    for name in names:
        _add(OPS.get(name), builder, inputs, wanted)
    return builder.build(wanted), inputs, wanted


def _add(
    op: Op, builder: Builder, inputs: dict[str, np.ndarray], wanted: dict[str, np.ndarray]
) -> None:
    for row, case in op.cases.items():
        site, names = case_site(op, case), []
        for i, (array, type) in enumerate(zip(case.operands, site.inputs, strict=True)):
            if i in case.constant and np.isfinite(array).all():
                names.append(builder.constant(f"{op.name}_{row}_c{i}", array, type.quant))
            else:
                names.append(builder.input(f"{op.name}_{row}_in{i}", type))
                inputs[names[-1]] = array[None]
        label, quant = f"{op.name}_{row}", site.outputs[0].quant
        parts = case.attrs.get("parts")
        if isinstance(parts, tuple):  # the compiler fuses them again
            y = appended(builder, parts, names, label)
        else:
            y = builder.op(op.name, *names, name=label, quant=quant, **case.attrs)
        with np.errstate(all="ignore"):
            (wanted[y],) = op.reference(case.operands, site)


def appended(b: Builder, parts: Sequence[Any], values: list[str], label: str) -> str:
    """The parts (`Part`) of a fused use as nodes; the last is called by the label."""
    for part in parts:
        name = label if part is parts[-1] else f"{label}_{part.name}"
        read = [values[i] for i in part.inputs]
        values.append(b.op(part.op, *read, name=name, quant=part.type.quant, **part.attrs))
    return values[-1]
