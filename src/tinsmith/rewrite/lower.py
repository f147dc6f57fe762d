"""Makes the lowered dialect: names become C identifiers, every output and next state is computed by
a node."""

import re
from collections.abc import Iterable
from dataclasses import replace

from tinsmith.ir.graph import Graph, Node, State
from tinsmith.rewrite._headers import taken_by
from tinsmith.rewrite._pass import Pass


def rewrite(graph: Graph) -> Graph:
    """Lower a graph; the very same object where it is lowered already.

    An output that is an input, constant or state gets a copying node `<name>_out` (an output's
    memory belongs to the module, an input's to the caller); a state whose next value is one of
    those gets `<state>_next`. So all states can be written after the last node, in any order.
    """
    if graph.dialect == "lowered":
        return graph
    return _rename(_copy_states(_copy_outputs(graph))).with_(dialect="lowered")


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """A C identifier for each name, distinct even without regard to case; good names stay."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(names, key=lambda n: (not n.isidentifier() or not n.isascii(), n)):
        stem = re.sub(r"[^A-Za-z0-9_]+", "_", name) or "_"
        stem = stem if not stem[0].isdigit() else f"_{stem}"
        best, i = stem, 1
        while best.lower() in taken:
            best, i = f"{stem}_{i}", i + 1
        taken.add(best.lower())
        found[name] = best
    return found


def module_name(name: str) -> str:
    """A graph's name as file name and prefix of C symbols: not that of a header of C or of a
    framework that packages are for, and without the prefix that is ours."""
    good = identifiers([name])[name]
    taken = taken_by(good) or good.lower().startswith(("ts_", "_")) or good == "ts"
    return f"model_{good.lstrip('_')}" if taken else good


def renaming(name: str) -> str:
    """What is to be said where a graph's name cannot be its module's: one sentence; else empty."""
    good, owner = module_name(name), taken_by(identifiers([name])[name])
    if good == name:
        return ""
    if owner:
        return f"In C it is called {good}: {name}.h would be found in place of a header of {owner}."
    return f"In C it is called {good}: {name!r} is no name there, or begins as our own do."


def _copy_outputs(graph: Graph) -> Graph:
    computed = {o for n in graph.nodes for o in n.outputs}
    outputs = []
    for output in graph.outputs:
        if output not in computed:
            graph, output = _append_copy(graph, output, f"{output}_out")
        outputs.append(output)
    names = dict(zip(graph.outputs, outputs, strict=True))
    labels = {names[o]: c for o, c in graph.labels.items()}
    return graph.with_(outputs=tuple(outputs), labels=labels)


def _copy_states(graph: Graph) -> Graph:
    computed = {o for n in graph.nodes for o in n.outputs}
    states = []
    for s in graph.states:
        next = s.next
        if next != s.name and next not in computed:
            graph, next = _append_copy(graph, next, f"{s.name}_next")
        states.append(State(s.name, s.initial, next))
    return graph.with_(states=tuple(states))


def _append_copy(graph: Graph, value: str, wanted: str) -> tuple[Graph, str]:
    taken = set(graph.types) | {n.name for n in graph.nodes}
    name = next(
        n for n in (wanted, *(f"{wanted}_{i}" for i in range(1, 1 << 20))) if n not in taken
    )
    type = graph.type(value)
    node = Node(name, "reshape", (value,), (name,), {"shape": type.shape}, "copy")
    nodes, types = (*graph.nodes, node), {**graph.types, name: type}
    return graph.with_(nodes=nodes, types=types), name


def _rename(graph: Graph) -> Graph:
    values, nodes = identifiers(graph.types), identifiers(n.name for n in graph.nodes)
    return graph.with_(
        name=module_name(graph.name),
        inputs=tuple(values[i] for i in graph.inputs),
        outputs=tuple(values[o] for o in graph.outputs),
        nodes=tuple(
            replace(
                n, name=nodes[n.name],
                inputs=tuple(values[i] for i in n.inputs),
                outputs=tuple(values[o] for o in n.outputs),
            )
            for n in graph.nodes
        ),
        types={values[k]: t for k, t in graph.types.items()},
        constants={values[k]: c for k, c in graph.constants.items()},
        labels={values[o]: c for o, c in graph.labels.items()},
        states=tuple(State(values[s.name], s.initial, values[s.next]) for s in graph.states),
    )  # fmt: skip


PASS = Pass("lower", requires=("float", "quantised", "lowered"), ensures="lowered", rewrite=rewrite)
