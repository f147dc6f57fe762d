"""A program as the rules of `operators/` read it: the few attributes of torch.fx's nodes and of
torch.export's programs that they use."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Node:
    """One operation, input or result list.

    Args:
        op: ``placeholder``, ``call_function`` or ``output``, as in torch.fx.
        target: what is called; its text is the operation's name.
        args, kwargs: arguments; values of other nodes are these nodes.
        meta: ``val``: type of the result, or a tuple of types; ``nn_module_stack``.
        users: nodes that read this one.
    """

    name: str
    op: str
    target: Any
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)
    users: dict["Node", None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in self.all_input_nodes:
            node.users[self] = None

    @property
    def all_input_nodes(self) -> list["Node"]:
        """Nodes that this one reads, each once, in order."""
        return list(dict.fromkeys(_nodes((*self.args, *self.kwargs.values()))))

    def __repr__(self) -> str:
        return self.name


def _nodes(values: Iterable[Any]) -> Iterable[Node]:
    for value in values:
        if isinstance(value, Node):
            yield value
        elif isinstance(value, list | tuple):
            yield from _nodes(value)


@dataclass(frozen=True)
class Source:
    """Where a placeholder's value comes from.

    Args:
        kind: ``input``, ``weights`` (parameters and persistent buffers) or ``constants``.
        target: name of the parameter, buffer or constant.
    """

    node: Node
    kind: str
    target: str


@dataclass(frozen=True)
class Program:
    """A method of a model.

    Args:
        sources: one per placeholder.
        nodes: calls, in order of execution.
        outputs: the nodes whose values are the results; those that are None are left out.
    """

    sources: Sequence[Source]
    nodes: Sequence[Node]
    outputs: Sequence[Node]
