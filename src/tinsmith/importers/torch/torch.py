"""PyTorch modules, through torch.export: the one road from PyTorch into the IR.

What depends on no input is computed at once, by torch itself; operations of `decomposed.py` and
those that write into their operands are first written in terms of others by torch. The batch
dimension is 1. Stages are the names of the submodules that the operations come from.
"""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinsmith.core.progress import SILENT, Progress
from tinsmith.core.waiting import waited
from tinsmith.importers._frame import Importer, distinct, finished
from tinsmith.importers.torch.constants_live import computed, is_known
from tinsmith.importers.torch.exporting import exported, refuse, simplified, unsupported
from tinsmith.importers.torch.table import TABLE, by_rules, stage_of, support
from tinsmith.importers.torch.translation import Translation
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import SIZES, type_of

_ONE_EXPORT = threading.Lock()
"""torch keeps what it traces with in globals of its own, and an export that nobody waits for any
more still runs."""


def from_module(
    module: Any, example: Sequence[np.ndarray], name: str, job: Progress = SILENT
) -> Graph:
    """A float graph that computes what a torch module computes in evaluation mode.

    Args:
        module: a torch.nn.Module; its mode (train or eval) is left as it was.
        example: one array per input, first dimension 1; shapes and types are taken from it.
        name: name of the graph.
        job: whose work it is; where it is cancelled while torch exports, torch goes on unseen and
            sets the module's mode back when it is done.

    Raises:
        UserError: ``import.torch.batch`` (a first dimension that is not 1), ``import.torch.type``
            (an input of a type that there is not), ``import.torch.export`` (torch cannot export the
            module), ``import.torch.state`` (the module changes its own buffers),
            ``import.torch.output`` (a result that is no tensor), ``import.torch.op`` (an operation
            outside the table; names it and its node).
        Cancelled: the job was cancelled.
    """
    for array in example:
        _check(array)
    program = waited(lambda: _program(module, example), job)
    translation = Translation(name)
    _bind_placeholders(program, translation, example)
    for node in program.graph.nodes:
        job.check()
        if node.op == "call_function" and node.users:
            _translate(node, translation)
    return finished(translation.builder.build(_outputs(program, translation)))


def _program(module: Any, example: Sequence[np.ndarray]) -> Any:
    with _ONE_EXPORT:
        return simplified(exported(module, example))


def _check(array: np.ndarray) -> None:
    if array.ndim < 1 or array.shape[0] != 1:
        refuse(
            "batch",
            f"An example input is {array.dtype.name}{list(array.shape)}.",
            "Pass arrays whose first dimension, the batch, is 1.",
        )
    if array.dtype.name not in SIZES:
        refuse(
            "type",
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
            refuse(
                "state",
                f"The module writes its own buffer {spec.target!r} while it runs.",
                "Keep what changes between runs out of the module.",
            )
        value = t.known.get(node)
        if not isinstance(value, str):
            refuse(
                "output",
                f"The module returns {node}, which does not depend on an input.",
                "Results are tensors that are computed from the inputs.",
            )
        outputs.append(value)
    return distinct(t.builder, outputs)


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
    stage = stage_of(node)
    if is_known(t, node):
        t.known[node] = computed(t, node)
        return
    if str(node.target) not in TABLE:
        unsupported(node)
    t.begin(node, stage)
    with refuse.at(f"Operation {str(node.target)!r} (node {node.name!r}, module {stage!r})"):
        t.known[node] = by_rules(TABLE[str(node.target)], t, node)


def _results(program: Any) -> list[Any]:
    output = next(n for n in program.graph.nodes if n.op == "output")
    return list(output.args[0])


IMPORTER = Importer("torch", (), from_module, support=support)
