"""A live module as an exported program, by torch itself, in operations that the table knows."""

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from tinsmith.importers._frame import Refusal
from tinsmith.importers.torch.decomposed import DECOMPOSED
from tinsmith.importers.torch.refusal import LISTED
from tinsmith.importers.torch.table import TABLE, stage_of

refuse = Refusal("torch")


def exported(module: Any, example: Sequence[np.ndarray]) -> Any:
    """The exported program of a module in evaluation mode; its own mode is left as it was.

    Raises:
        UserError: ``import.torch.export``.
    """
    import torch

    training = module.training
    module.eval()
    try:
        tensors = tuple(torch.from_numpy(np.ascontiguousarray(e)) for e in example)
        with torch.no_grad():
            return torch.export.export(module, tensors, strict=False)
    except Exception as e:  # noqa: BLE001 - torch.export raises anything, as modules do
        reason = str(e).strip().splitlines()[0] if str(e).strip() else type(e).__name__
        refuse(
            "export",
            f"torch.export cannot export {type(module).__name__}: {reason}",
            "Control flow that depends on data, and shapes that do, cannot be exported.",
        )
    finally:
        module.train(training)


def simplified(program: Any) -> Any:
    """The program without operations that write into their operands and without those of
    `DECOMPOSED`; itself where there are none. What is refused is refused before, by its own
    name."""
    import torch

    live = _live(program)
    for node in live:
        names = {str(node.target), _without_writing(node)}
        if not names & {*TABLE, *DECOMPOSED}:
            unsupported(node)
    calls = [n for n in program.graph.nodes if n.op == "call_function"]
    if not any(_writes(n) for n in calls) and all(str(n.target) in TABLE for n in live):
        return program
    known = torch.export.default_decompositions()
    return program.run_decompositions({o: f for o, f in known.items() if str(o) not in TABLE})


def _live(program: Any) -> list[Any]:
    """Calls that depend on an input."""
    specs = program.graph_signature.input_specs
    places = [n for n in program.graph.nodes if n.op == "placeholder"]
    live = {n for s, n in zip(specs, places, strict=True) if s.kind.name == "USER_INPUT"}
    for node in program.graph.nodes:
        if node.op == "call_function" and any(n in live for n in node.all_input_nodes):
            live.add(node)
    return [n for n in program.graph.nodes if n in live and n.op == "call_function"]


def _writes(node: Any) -> bool:
    """Whether an operation writes into an operand."""
    schema = getattr(node.target, "_schema", None)
    return schema is not None and bool(schema.is_mutable)


def _without_writing(node: Any) -> str:
    """Name of the operation that makes a result instead: ``aten.add.Tensor`` of
    ``aten.add_.Tensor``."""
    return str(node.target).replace("_.", ".") if _writes(node) else str(node.target)


def unsupported(node: Any) -> NoReturn:
    """Refuse an operation that the table does not know."""
    refuse(
        "op",
        f"Operation {str(node.target)!r} (node {node.name!r}, module {stage_of(node)!r}) is not"
        " supported.",
        LISTED,
    )
