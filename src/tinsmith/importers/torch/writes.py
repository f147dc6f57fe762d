"""Operations that write into their operand (``relu_``, ``add_``), as torch.export keeps them.

A graph of values has no such writes: each becomes the operation that returns a new tensor. That is
right as long as nothing reads the memory by another name afterwards. torch.export has later uses of
the operand read the result, but not uses of tensors that share its memory (views); those are
refused. Source: PyTorch's documentation, "Tensor Views".
"""

import re
from collections.abc import Mapping
from typing import Any

from tinsmith.importers.torch.nodes import Node, Program
from tinsmith.importers.torch.refusal import refuse
from tinsmith.importers.torch.signatures import GETITEM, Target, target_of

_WRITES = re.compile(r"(?P<name>aten\.[a-z0-9_]*[a-z0-9])_(?P<overload>\.[A-Za-z_0-9]+)\Z")
_VIEWS = re.compile(
    r"aten\.(_?reshape|_?unsafe|view|flatten|unflatten|ravel|permute|t\.|numpy_T|mT|mH|adjoint|movedim"
    r"|moveaxis|swap|transpose|squeeze|unsqueeze|slice|select|narrow|expand|broadcast_to|chunk|split"
    r"|hsplit|vsplit|dsplit|tensor_split|unsafe_|unbind|unfold|diagonal|detach|alias|contiguous|to\."
    r"|type_as|_to_copy|as_strided|[a-z_]*dropout|lift|real|imag|atleast|meshgrid|positive"
    r"|pixel_unshuffle|channel_shuffle)"
)
"""Operations whose results may lie in the memory of their first operand; others make their own."""
_NO_CHANGE = "aten.detach_.default"


def without_writes(program: Program) -> Mapping[Node, Target]:
    """The operations that stand for those that write.

    Raises:
        UserError: ``import.pt2.state`` (it writes into a parameter or a buffer),
            ``import.pt2.op`` (something shares the memory and reads it later; or there is no
            such operation that returns a new tensor).
    """
    origins = {s.node: s.node for s in program.sources}
    kept = {s.node for s in program.sources if s.kind != "input"}
    overwritten: dict[Node, Node] = {}
    found: dict[Node, Target] = {}
    for node in program.nodes:
        _look(node, node.all_input_nodes, overwritten)
        inputs = node.all_input_nodes
        views = str(node.target) == GETITEM or _VIEWS.match(str(node.target))
        origins[node] = origins[inputs[0]] if inputs and views else node
        match = _WRITES.match(str(node.target))
        if match is None:
            continue
        found[node] = _other(node, match["name"] + match["overload"])
        if str(node.target) == _NO_CHANGE or not inputs:
            continue
        written = origins[inputs[0]]
        if written in kept:
            _refuse_outer(node, written)
        overwritten |= {n: node for n, o in origins.items() if o is written and n is not node}
    _look(None, program.outputs, overwritten)
    return found


def _other(node: Node, name: str) -> Target:
    other = target_of(name)
    same = (
        other
        and [a.name for a in other._schema.arguments][: len(node.args)]
        == [a.name for a in node.target._schema.arguments][: len(node.args)]
    )
    if other is None or not same:
        refuse("op", f"Operation {str(node.target)!r} (node {node.name!r}) is not supported.", HINT)
    return other


def _refuse_outer(node: Node, written: Node) -> None:
    refuse(
        "state",
        f"Operation {str(node.target)!r} (node {node.name!r}) writes into {written.name!r}, a "
        "parameter or buffer of the module.",
        "Keep what changes between runs out of the module; clone before you write.",
    )


def _look(reader: Node | None, read: Any, overwritten: Mapping[Node, Node]) -> None:
    for node in read:
        if node in overwritten:
            writer = overwritten[node]
            refuse(
                "op",
                f"Operation {str(writer.target)!r} (node {writer.name!r}) writes into memory that "
                f"{reader.name if reader else 'the list of results'!r} reads afterwards.",
                HINT,
            )


HINT = (
    "Use the operation that returns a new tensor (no inplace=True, no trailing underscore), or "
    "save by tinsmith.importers.torch.pt2.save(model, [example], 'model.pt2')."
)
