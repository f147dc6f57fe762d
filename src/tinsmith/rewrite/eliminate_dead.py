"""Removes nodes, constants and states that no output depends on; inputs stay (they are the
contract)."""

from tinsmith.ir.graph import Graph
from tinsmith.rewrite._pass import Pass


def rewrite(graph: Graph) -> Graph:
    """Keep what outputs need, and what the states that they read need to move on."""
    live = _live(graph)
    nodes = tuple(n for n in graph.nodes if live & set(n.outputs))
    named = live | set(graph.inputs) | {o for n in nodes for o in n.outputs}
    if named >= set(graph.types):
        return graph
    return graph.with_(
        nodes=nodes,
        types={k: t for k, t in graph.types.items() if k in named},
        constants={k: c for k, c in graph.constants.items() if k in named},
        states=tuple(s for s in graph.states if s.name in named),
    )


def _live(graph: Graph) -> set[str]:
    producers = {o: n for n in graph.nodes for o in n.outputs}
    nexts = {s.name: s.next for s in graph.states}
    live: set[str] = set()
    pending = list(graph.outputs)
    while pending:
        value = pending.pop()
        if value in live:
            continue
        live.add(value)
        if value in producers:
            pending += producers[value].inputs
        if value in nexts:
            pending.append(nexts[value])
    return live


PASS = Pass("eliminate_dead", requires=("float", "quantised", "lowered"), rewrite=rewrite)
