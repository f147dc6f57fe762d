"""What kernels cost on a core: a table that was measured and is kept with the code
(`codegen/cost_tables/<core>.json`, written by `scripts/costs.py`).

Instructions of one use are a sum of counts of its work, each times a rate that was fitted to
emulated uses; bytes of code are those of the linked function. Each for the compiler's levels.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from tinsmith.codegen.program import Call
from tinsmith.codegen.runtime import library_of
from tinsmith.ir.op import OPS

LEVELS = ("size", "speed")
"""How hard a toolchain optimises a file (`Toolchain.optimize`)."""


@dataclass(frozen=True)
class Cost:
    """Of one kernel at one level: bytes of code, and instructions per unit of `work`. ``library``:
    what is linked for it of the compiler's library -> bytes, once for all kernels that need it."""

    code: int
    rates: tuple[float, ...]
    library: Mapping[str, int] = field(default_factory=dict)

    def instructions(self, work: tuple[int, ...]) -> float:
        """Of a use with so much work."""
        return sum(rate * count for rate, count in zip(self.rates, work, strict=True))


LIKE = {"cortex-m7f": "cortex-m4f", "cortex-m33f": "cortex-m4f"}
"""Core -> the core whose table serves it: both run the same kernels, and counts differ by 0.2 % at
most (the same uses on nucleo_f746zg, nucleo_u575zi and nucleo_l4r5zi)."""
ALIKE = {"cortex-m55": ("cortex-m4f", "dsp/")}
"""Core -> a core and kernels in assembler that execute the same there: what it lends to a table
that has no row of them."""
Costs = Mapping[str, Mapping[str, Cost]]
"""Kernel (``<set>/<name>``) -> level -> cost."""


def work(call: Call) -> tuple[int, ...]:
    """By what rates are counted: (1, products, elements of the result, elements of the first
    operand or of the rows that are taken of it, products per channel)."""
    macs = OPS.get(call.node.op).cost(call.site).macs
    taken = [p.type for p in call.node.parts if p.op == "slice" and p.inputs == (0,)]
    made = [p.type for p in call.node.parts if p.op != "reshape"]
    x, result = [*taken, call.site.inputs[0]][0], [call.site.outputs[0], *made][-1]
    return (1, macs, result.elements, x.elements, macs // max([1, *result.shape[-1:]]))


@cache
def costs_of(core: str) -> Costs:
    """The table of a core; empty where none was measured."""
    rows, library = _rows(LIKE.get(core, core)), library_of(core)
    if core in ALIKE and rows:
        other, kernels = ALIKE[core]
        lent = {k: row for k, row in _rows(other).items() if k.startswith(kernels)}
        rows = {**lent, **rows}
    return {
        kernel: {
            level: Cost(int(row[0]), tuple(row[1:]), library.get(kernel, {}))
            for level, row in levels.items()
        }
        for kernel, levels in rows.items()
    }


_Rows = Mapping[str, Mapping[str, list[float]]]
"""Kernel -> level -> code and rates."""


def _rows(core: str) -> _Rows:
    file = files("tinsmith.codegen").joinpath("cost_tables", f"{core}.json")
    if not file.is_file():
        return {}
    found: _Rows = json.loads(file.read_text(encoding="utf-8"))["kernels"]
    return found
