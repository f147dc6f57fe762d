"""Selection: a kernel for every node of a lowered graph, by what the core has and what the user
pinned."""

from collections.abc import Sequence
from difflib import get_close_matches

from tinsmith.codegen.choices import NOTHING_CHOSEN, PARTS, Choices
from tinsmith.codegen.choose import choose, worth_of
from tinsmith.codegen.costs import costs_of
from tinsmith.codegen.kernel_set import sets_for
from tinsmith.codegen.program import Call, Program
from tinsmith.codegen.uses import offers_of
from tinsmith.core.errors import UserError
from tinsmith.devices.board import Core
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.op import OPS
from tinsmith.rewrite.fuse import shortened, taken_apart


def select(
    graph: Graph, core: Core, choices: Choices = NOTHING_CHOSEN, most: float | None = None
) -> Program:
    """The program of a lowered graph.

    Args:
        most: instructions that an aim at size or RAM may take; what its words say if None.

    A fused node stays as far as a kernel computes it: without one, its last operation becomes a
    node of its own again, and so on.

    Raises:
        UserError: ``codegen.kernel`` (no kernel takes an operation's types; names operation and
            node), ``codegen.choice`` (a pinned kernel is none that is possible for the node, or
            there is no such node; says what is possible).
    """
    sets = sets_for(core.features)
    graph = taken_apart(graph, {n.name for n in graph.nodes if choices.apart(n.name)})
    offers = {n.name: offers_of(graph, n, sets) for n in graph.nodes}
    while missing := {n.name for n in graph.nodes if n.parts and not offers[n.name]}:
        graph = shortened(graph, missing)
        new = [n for n in graph.nodes if n.name in missing or n.name not in offers]
        offers |= {n.name: offers_of(graph, n, sets) for n in new}
    _check_names(graph, choices)
    left = [first_of_sets(_allowed(graph, n, offers[n.name], choices)) for n in graph.nodes]
    calls, levels = choose(left, costs_of(core.name), choices.aim, most)
    used = {c.kernel for c in calls}
    own = {k: level for k, level in choices.levels.items() if k in used}
    found = Program(graph, tuple(calls), {**levels, **own})
    return found if most is not None or choices.aim != "size" else _smaller(found, core, choices)


def _smaller(found: Program, core: Core, choices: Choices) -> Program:
    """The program, or one with steps apart, as far as no value is larger for it, where that takes
    less flash: a kernel for two operations is one more beside those for each."""
    graph, costs = found.graph, costs_of(core.name)
    names = {n.name for n in graph.nodes if n.name not in choices.kernels and _as_large(graph, n)}
    if not names or not costs:
        return found
    other = select(taken_apart(graph, names), core, choices)
    return min((found, other), key=lambda p: worth_of(p.calls, p.levels, costs))


def _as_large(graph: Graph, node: Node) -> bool:
    """Whether what the parts of a fused node make is no larger than activations that it reads."""
    read = [graph.type(i).nbytes for i in node.inputs if i not in graph.constants]
    return bool(node.parts) and max(p.type.nbytes for p in node.parts) <= max(read, default=0)


def first_of_sets(offers: Sequence[Call]) -> list[Call]:
    """The call that each set prefers: a set knows its kernels' shapes better than a table of rates,
    which decides between sets."""
    first: dict[str, Call] = {}
    for call in offers:
        first.setdefault(call.set.name, call)
    return list(first.values())


def possible(graph: Graph, core: Core) -> dict[str, tuple[str, ...]]:
    """Node of a lowered graph -> the kernels that may be chosen for it, the preferred first."""
    sets = sets_for(core.features)
    return {n.name: tuple(c.kernel for c in offers_of(graph, n, sets)) for n in graph.nodes}


def _allowed(graph: Graph, node: Node, offers: list[Call], choices: Choices) -> list[Call]:
    """The offers that are left after what the user pinned."""
    if not offers:
        raise _no_kernel(graph, node)
    wanted = choices.kernels.get(node.name)
    if wanted is None or wanted == PARTS:
        return offers
    if found := [c for c in offers if c.kernel == wanted][:1]:
        return found
    possible = [*(c.kernel for c in offers), *([PARTS] if node.parts else [])]
    raise UserError(
        "codegen.choice",
        f"Kernel {wanted!r} cannot compute layer {node.name!r} ({node.words}).",
        f"Possible there: {', '.join(possible)}.",
    )


def _no_kernel(graph: Graph, node: Node) -> UserError:
    kernels = OPS.get(node.op).kernels
    return UserError(
        "codegen.kernel",
        f"Operation {node.op!r} (node {node.name!r}) has no kernel for "
        f"{graph.type(node.inputs[0]).dtype}.",
        f"It has: {', '.join(kernels)}.",
    )


def _check_names(graph: Graph, choices: Choices) -> None:
    known = sorted(n.name for n in graph.nodes)
    for name in choices.kernels.keys() - set(known):
        near = get_close_matches(name, known, 1)
        told = f"Did you mean {near[0]!r}?" if near else f"Layers: {', '.join(known)}."
        raise UserError("codegen.choice", f"There is no layer {name!r} to choose for.", told)
