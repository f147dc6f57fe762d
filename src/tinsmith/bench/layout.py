"""Where the tensors of a module lie in its arena, and inputs and outputs as bytes case by case."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinsmith.bench.outcome import RunOptions
from tinsmith.codegen.module import InferenceModule
from tinsmith.core.errors import UserError


@dataclass(frozen=True)
class Slot:
    """A tensor in the arena; ``step``: index of the step that computes it (-1: an input)."""

    name: str
    offset: int
    nbytes: int
    step: int


def slots(module: InferenceModule, names: tuple[str, ...], step: int = -1) -> tuple[Slot, ...]:
    """Slots of named values."""
    places, graph = module.plan.places, module.graph
    return tuple(Slot(n, places[n].offset, graph.type(n).nbytes, step) for n in names)


def step_slots(module: InferenceModule) -> tuple[Slot, ...]:
    """Slots of the outputs of every step, in order of execution."""
    found: list[Slot] = []
    for i, name in enumerate(module.steps):
        node = next(n for n in module.graph.nodes if n.name == name)
        found += slots(module, node.outputs, i)
    return tuple(found)


def check_inputs(module: InferenceModule, inputs: Mapping[str, np.ndarray]) -> int:
    """Number of cases.

    Raises:
        UserError ``bench.inputs``: an input is missing, or its dtype or shape is not the model's.
    """
    counts = set()
    for name in module.graph.inputs:
        want = module.graph.type(name)
        got = inputs.get(name)
        if got is None or got.dtype.name != want.dtype or got.shape[1:] != want.shape:
            has = "nothing" if got is None else f"{got.dtype.name}{list(got.shape)}"
            raise UserError(
                "bench.inputs",
                f"Input {name!r} of model {module.name!r} is {want.dtype}"
                f"{['case', *want.shape]}; got {has}.",
            )
        counts.add(len(got))
    if len(counts) != 1 or counts == {0}:
        raise UserError(
            "bench.inputs", f"All inputs need the same number of cases, at least 1; got {counts}."
        )
    return counts.pop()


def pack_inputs(module: InferenceModule, options: RunOptions, pad: int = 1) -> list[bytes]:
    """Bytes of all inputs in the graph's order, one entry per case; each padded to ``pad``."""
    arrays = [_little(options.inputs[n]) for n in module.graph.inputs]
    packed = []
    for i in range(check_inputs(module, options.inputs)):
        pieces = [a[i].tobytes() for a in arrays]
        packed.append(b"".join(p + bytes(-len(p) % pad) for p in pieces))
    return packed


def unpack(
    module: InferenceModule, wanted: tuple[Slot, ...], cases: list[bytes]
) -> dict[str, np.ndarray]:
    """Arrays [case, *shape] by name from the slots' bytes of every case."""
    found = {}
    at = 0
    for slot in wanted:
        type = module.graph.type(slot.name)
        rows = b"".join(c[at : at + slot.nbytes] for c in cases)
        dtype = np.dtype(type.dtype).newbyteorder("<")
        array = np.frombuffer(rows, dtype).reshape(len(cases), *type.shape)
        found[slot.name] = array.astype(type.dtype)
        at += slot.nbytes
    return found


def _little(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
