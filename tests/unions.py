"""Several graphs as one."""

from dataclasses import replace

from tinsmith.ir.graph import Graph, State


def prefixed(graph: Graph, prefix: str) -> Graph:
    """The same graph with ``prefix`` in front of every name."""

    def name(value: str) -> str:
        return prefix + value

    def names(values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(name, values))

    nodes = (
        replace(n, name=name(n.name), inputs=names(n.inputs), outputs=names(n.outputs))
        for n in graph.nodes
    )
    return graph.with_(
        inputs=names(graph.inputs), outputs=names(graph.outputs), nodes=tuple(nodes),
        types={name(k): t for k, t in graph.types.items()},
        constants={name(k): c for k, c in graph.constants.items()},
        states=tuple(State(name(s.name), s.initial, name(s.next)) for s in graph.states),
    )  # fmt: skip
