"""PyTorch modules, through torch.export: the one road from PyTorch into the IR.

The exported program's aten operations are translated one by one by the table in `_aten.py`. The
batch dimension is 1. Stages are the names of the submodules that the operations come from.
"""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.ir.graph import Graph
from tinsmith.ir.importer import Importer, Support
from tinsmith.ir.importers import _aten, _aten_elements, _aten_layers, _aten_moves
from tinsmith.ir.importers._aten import Rule, Translation, Unsupported, Value
from tinsmith.ir.types import type_of


def from_module(module: Any, example: Sequence[np.ndarray], name: str) -> Graph:
    """A float graph that computes what a torch module computes in evaluation mode.

    Args:
        module: a torch.nn.Module; its mode (train or eval) is left as it was.
        example: one float32 array per input, first dimension 1; shapes are taken from it.
        name: name of the graph.

    Raises:
        UserError: ``import.torch.batch`` (a first dimension that is not 1), ``import.torch.export``
            (torch cannot export the module), ``import.torch.state`` (the module changes its own
            buffers), ``import.torch.op`` (an operation outside the table; names it and its node).
    """
    for array in example:
        if array.ndim < 1 or array.shape[0] != 1 or array.dtype != np.float32:
            raise UserError(
                "import.torch.batch",
                f"An example input is {array.dtype.name}{list(array.shape)}.",
                "Pass float32 arrays whose first dimension, the batch, is 1.",
            )
    program = _export(module, example)
    translation = Translation(name)
    _bind_placeholders(program, translation, example)
    for node in program.graph.nodes:
        if node.op == "call_function":
            _translate(node, translation)
    outputs = []
    for spec, node in zip(program.graph_signature.output_specs, _results(program), strict=True):
        if spec.kind.name != "USER_OUTPUT":
            raise UserError(
                "import.torch.state",
                f"The module writes its own buffer {spec.target!r} while it runs.",
                "Keep what changes between runs out of the module.",
            )
        outputs.append(translation.value(translation.known[node], node.name))
    return translation.builder.build(outputs)


def _export(module: Any, example: Sequence[np.ndarray]) -> Any:
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


def _translate(node: Any, t: Translation) -> None:
    target = str(node.target)
    stage = stage_of(node)
    if target not in TABLE:
        raise UserError(
            "import.torch.op",
            f"Operation {target!r} (node {node.name!r}, module {stage!r}) is not supported.",
            f"Supported: {', '.join(sorted(TABLE))}.",
        )
    t.begin(node, stage)
    t.known[node] = _by_rules(TABLE[target], t, node, stage)


def _by_rules(rules: Sequence[Rule], t: Translation, node: Any, stage: str) -> Value:
    """What the first rule makes that can; the complaint of the last if none can."""
    *some, last = rules
    for rule in some:
        with contextlib.suppress(Unsupported):
            return rule(t, node)
    try:
        return last(t, node)
    except (Unsupported, UserError) as e:
        raise UserError(
            "import.torch.op",
            f"Operation {str(node.target)!r} (node {node.name!r}, module {stage!r}): {e}.",
        ) from e


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
    """Every aten operation that has a translation."""
    return tuple(Support(name, ("float32",)) for name in sorted(TABLE))


_TABLES = (_aten.TABLE, _aten_layers.TABLE, _aten_moves.TABLE, _aten_elements.TABLE)
TABLE: Mapping[str, tuple[Rule, ...]] = {
    name: tuple(table[name] for table in _TABLES if name in table)
    for name in sorted({n for table in _TABLES for n in table})
}
"""Torch's name of an operation -> its translations: the plainest first, which may be unable."""

IMPORTER = Importer("torch", (), from_module, support=support)
