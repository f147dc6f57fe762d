"""Kernel sets: who computes what. A set offers, for one use of an operation, the ways in which its
kernels compute it; `codegen/select.py` takes one.

A kernel is a C file, `kernels/<set>/<name>.c`, with one function that is not static: ``ts_<name>``
in the set ``ref``, ``ts_<set>_<name>`` in all others.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tinsmith.codegen.order import Order
from tinsmith.core.catalogue import Catalogue
from tinsmith.ir.op import Argument, Scratch, Site

REFERENCE = "ref"
"""The set that is the specification: it runs on every core and computes every operation."""
INLINED = ":inlined"
"""Ends the name of a kernel whose body is compiled into the step."""


@dataclass(frozen=True)
class Use:
    """One use of an operation as kernel sets see it. ``contents``: of each operand, None where it
    is no constant."""

    op: str
    site: Site
    contents: tuple[np.ndarray | None, ...]


@dataclass(frozen=True)
class Table:
    """Kernel argument: pointer to a constant array that is made of operands' contents when the
    module is compiled, arranged as the kernel reads it. ``name`` ends its symbol."""

    name: str
    make: Callable[[], np.ndarray] = field(compare=False)


@dataclass(frozen=True)
class Binding:
    """How a kernel computes one use of an operation. What a kernel is called with and what it needs
    come from the one function that says whether it takes the use at all: they cannot disagree.

    Args:
        name: of the kernel's file, without ``.c``.
        arguments: in the order of the prototype; scratch is among them.
        orders: operands whose memory the result may share, with the order in which the kernel reads
            them (`codegen/order.py`). Others may be read after any byte of the result was written.
        untyped: its pointers are ``void *``, as it serves all types of one width.
        inlined: its body is compiled into the step, whose numbers it then knows. The kernel is
            called ``<set>/<name>:inlined`` in choices.
    """

    name: str
    arguments: tuple[Argument | Table, ...]
    orders: tuple[Order, ...] = ()
    untyped: bool = False
    inlined: bool = False

    @property
    def scratch(self) -> tuple[int, ...]:
        """Bytes of each piece of scratch, in order of the arguments."""
        return tuple(a.nbytes for a in self.arguments if isinstance(a, Scratch))

    def order(self, operand: int) -> Order | None:
        """The order in which the kernel reads an operand, where it says so."""
        return next((o for o in self.orders if o.operand == operand), None)


@dataclass(frozen=True)
class KernelSet:
    """Kernels that belong together.

    Args:
        needs: features that a core must have (`Core.features`).
        bind: use -> the kernels that take it, the preferred first; none where no kernel does.
        rank: of two sets that take the same use, the higher is preferred.
    """

    name: str
    bind: Callable[[Use], Sequence[Binding]]
    needs: frozenset[str] = frozenset()
    rank: int = 0


def symbol_of(kernel: str) -> str:
    """The C function of ``<set>/<name>``, behind ``ts_``; one that is inlined has another."""
    kind, _, name = kernel.replace(INLINED, "_inlined").partition("/")
    return name if kind == REFERENCE else f"{kind}_{name}"


SETS: Catalogue[KernelSet] = Catalogue("set", "tinsmith.codegen.sets", KernelSet)


def sets_for(features: Iterable[str]) -> list[KernelSet]:
    """The sets that run on a core with such features, the preferred first."""
    found = [s for s in SETS.all() if s.needs <= set(features)]
    return sorted(found, key=lambda s: (-s.rank, s.name))
