"""PyTorch modules, through torch.export: the one road from PyTorch into the IR.

The exported program's aten operations are translated one by one by the table in `aten.py` and its
companions. What depends on no input is computed at once, by torch itself; operations of
`aten_decomposed.py` and those that write into their operands are first written in terms of others
by torch. The batch dimension is 1. Stages are the names of the submodules that the operations come
from.
"""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.importers._frame import Importer, Support
from tinsmith.importers.torch import (
    aten,
    aten_attention,
    aten_elements,
    aten_layers,
    aten_moves,
    aten_orders,
    aten_sums,
    aten_windows,
)
from tinsmith.importers.torch.aten import FLOATS, Rule, Translation, Typed, Unsupported, Value
from tinsmith.importers.torch.aten_decomposed import DECOMPOSED
from tinsmith.importers.torch.aten_known import computed, is_known
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import SIZES, type_of


def from_module(module: Any, example: Sequence[np.ndarray], name: str) -> Graph:
    """A float graph that computes what a torch module computes in evaluation mode.

    Args:
        module: a torch.nn.Module; its mode (train or eval) is left as it was.
        example: one array per input, first dimension 1; shapes and types are taken from it.
        name: name of the graph.

    Raises:
        UserError: ``import.torch.batch`` (a first dimension that is not 1), ``import.torch.type``
            (an input of a type that there is not), ``import.torch.export`` (torch cannot export the
            module), ``import.torch.state`` (the module changes its own buffers),
            ``import.torch.output`` (a result that is no tensor), ``import.torch.op`` (an operation
            outside the table; names it and its node).
    """
    for array in example:
        _check(array)
    program = simplified(exported(module, example))
    translation = Translation(name)
    _bind_placeholders(program, translation, example)
    for node in program.graph.nodes:
        if node.op == "call_function" and node.users:
            _translate(node, translation)
    return translation.builder.build(_outputs(program, translation))


def _check(array: np.ndarray) -> None:
    if array.ndim < 1 or array.shape[0] != 1:
        raise UserError(
            "import.torch.batch",
            f"An example input is {array.dtype.name}{list(array.shape)}.",
            "Pass arrays whose first dimension, the batch, is 1.",
        )
    if array.dtype.name not in SIZES:
        raise UserError(
            "import.torch.type",
            f"An example input is {array.dtype.name}{list(array.shape)}.",
            f"Types are {', '.join(SIZES)}.",
        )


def _outputs(program: Any, t: Translation) -> list[str]:
    """Names of the results; what a module writes into its inputs is none."""
    outputs = []
    for spec, node in zip(program.graph_signature.output_specs, _results(program), strict=True):
        if spec.kind.name == "USER_INPUT_MUTATION" or node is None:
            continue
        if spec.kind.name != "USER_OUTPUT":
            raise UserError(
                "import.torch.state",
                f"The module writes its own buffer {spec.target!r} while it runs.",
                "Keep what changes between runs out of the module.",
            )
        value = t.known.get(node)
        if not isinstance(value, str):
            raise UserError(
                "import.torch.output",
                f"The module returns {node}, which does not depend on an input.",
                "Results are tensors that are computed from the inputs.",
            )
        again = value in outputs
        outputs.append(t.builder.op("reshape", value, shape=t.shape(value)) if again else value)
    return outputs


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
    except Exception as e:  # torch.export raises anything: its own errors and those of the module
        reason = str(e).strip().splitlines()[0] if str(e).strip() else type(e).__name__
        raise UserError(
            "import.torch.export",
            f"torch.export cannot export {type(module).__name__}: {reason}",
            "Control flow that depends on data, and shapes that do, cannot be exported.",
        ) from e
    finally:
        module.train(training)


def _bind_placeholders(program: Any, t: Translation, example: Sequence[np.ndarray]) -> None:
    """Inputs become inputs of the graph; parameters, buffers and constants become arrays."""
    arrays = iter(example)
    placeholders = [n for n in program.graph.nodes if n.op == "placeholder"]
    for spec, node in zip(program.graph_signature.input_specs, placeholders, strict=True):
        if spec.kind.name == "USER_INPUT":
            t.known[node] = t.builder.input(node.name, type_of(next(arrays)))
        else:
            found = program.state_dict.get(spec.target)
            tensor = found if found is not None else program.constants[spec.target]
            t.known[node] = tensor.detach().cpu().numpy().copy()
            t.names[node] = spec.target.replace(".", "_")


def simplified(program: Any) -> Any:
    """The program without operations that write into their operands and without those of
    `DECOMPOSED`; itself where there are none. What is refused is refused before, by its own
    name."""
    import torch

    live = _live(program)
    for node in live:
        names = {str(node.target), _without_writing(node)}
        if not names & {*TABLE, *DECOMPOSED}:
            raise _unsupported(node)
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


def _unsupported(node: Any) -> UserError:
    return UserError(
        "import.torch.op",
        f"Operation {str(node.target)!r} (node {node.name!r}, module {stage_of(node)!r}) is not"
        " supported.",
        f"Supported: {', '.join(s.operator for s in support())}.",
    )


def _translate(node: Any, t: Translation) -> None:
    stage = stage_of(node)
    if is_known(t, node):
        t.known[node] = computed(t, node)
        return
    if str(node.target) not in TABLE:
        raise _unsupported(node)
    t.begin(node, stage)
    try:
        t.known[node] = by_rules(TABLE[str(node.target)], t, node)
    except (Unsupported, UserError) as e:
        raise UserError(
            "import.torch.op",
            f"Operation {str(node.target)!r} (node {node.name!r}, module {stage!r}): {e}.",
        ) from e


def by_rules(rules: Sequence[Rule], t: Translation, node: Any) -> Value:
    """What the first rule makes that can; the plain ones compute with float32 only."""
    *plain, last = rules
    for rule in plain if _floats(t, node) else ():
        with contextlib.suppress(Unsupported):
            return rule(t, node)
    return last(t, node)


def _floats(t: Translation, node: Any) -> bool:
    """Whether all operands, and those in lists, are float32 or float64."""
    held: list[Any] = [t.known[n] for n in node.all_input_nodes]
    flat = [v for h in held for v in (h if isinstance(h, list | tuple) else (h,))]
    types = (t.builder.type(v).dtype if isinstance(v, str) else str(v.dtype) for v in flat)
    return all(dtype in ("float32", "float64") for dtype in types)


def _results(program: Any) -> list[Any]:
    output = next(n for n in program.graph.nodes if n.op == "output")
    return list(output.args[0])


def stage_of(node: Any) -> str:
    """Name of the innermost submodule that an operation comes from: the last part of its path;
    numbered modules keep their container's name; the model itself is ``model``."""
    stack = node.meta.get("nn_module_stack") or {}
    path = [p for p, _ in stack.values()][-1] if stack else ""
    parts = [p for p in path.split(".") if p]
    if not parts:
        return "model"
    if parts[-1].isdigit():
        return "_".join(parts[-2:]) if len(parts) > 1 else f"layer_{parts[-1]}"
    return str(parts[-1])


def support() -> Sequence[Support]:
    """Every aten operation that has a translation, or one into those that have."""
    rows = {name: _row(name, rules) for name, rules in TABLE.items() if name.startswith("aten.")}
    rows |= {name: Support(name, types) for name, types in DECOMPOSED.items()}
    return tuple(rows[name] for name in sorted(rows))


def _row(name: str, rules: Sequence[Rule]) -> Support:
    last = rules[-1]
    return (
        Support(name, last.types, last.note) if isinstance(last, Typed) else Support(name, FLOATS)
    )


_TABLES = (
    aten.TABLE, aten_layers.TABLE, aten_windows.TABLE, aten_moves.TABLE, aten_elements.TABLE,
    aten_sums.TABLE, aten_orders.TABLE, aten_attention.TABLE,
)  # fmt: skip
TABLE: Mapping[str, tuple[Rule, ...]] = {
    name: tuple(table[name] for table in _TABLES if name in table)
    for name in sorted({n for table in _TABLES for n in table})
}
"""Torch's name of an operation -> its translations: the plainest first, which may be unable."""

IMPORTER = Importer("torch", (), from_module, support=support)
