"""The inputs and outputs that a file declares: as inputs of the graph, and checked against what the
nodes compute."""

import re
from dataclasses import replace

import numpy as np

from tinsmith.importers._frame import Unsupported, distinct
from tinsmith.importers.onnx.classes import Classes, built
from tinsmith.importers.onnx.content import bounded, readable, unique
from tinsmith.importers.onnx.parse import MAPS, Info
from tinsmith.importers.onnx.refusal import broken, refuse
from tinsmith.importers.onnx.state import Translation
from tinsmith.importers.onnx.values import Chosen, Maps, Scale, plain
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import SIZES, Quant, TensorType

_BATCH = re.compile(r"batch|^[nb]$|^unk__", re.IGNORECASE)


def bind(t: Translation) -> None:
    """Declare the inputs of the graph, and its constants."""
    t.values.update(t.model.graph.constants)
    for info in t.model.graph.inputs:
        if info.name in t.values:
            broken(f"the input {info.name!r} is declared twice")
        type_ = replace(_input_type(t, info), quant=_meaning(t, info))
        name = unique(readable(info.name) or "input", t.b)
        t.values[info.name] = t.b.input(name, type_)


def _input_type(t: Translation, info: Info) -> TensorType:
    if info.dtype not in SIZES:
        refuse(
            "type",
            f"The input {info.name!r} is {info.dtype}.",
            f"Supported between nodes: {', '.join(SIZES)}.",
        )
    if info.shape is None:
        refuse("shape", f"The input {info.name!r} declares no shape.", "Export fixed shapes.")
    shape = tuple(_dimension(t, info, axis, d) for axis, d in enumerate(info.shape))
    if min(shape, default=1) < 1:
        refuse("shape", f"The input {info.name!r} has the shape {shape}: it is empty.")
    return bounded(TensorType(shape, info.dtype))  # type: ignore[arg-type]


def _meaning(t: Translation, info: Info) -> Quant | None:
    """What the integers of an int8 input mean, where all that reads them agrees."""
    users = t.users.get(info.name, [])
    if info.dtype != "int8" or {(n.domain, n.kind) for n in users} != {("", "DequantizeLinear")}:
        return None
    scales = {n.inputs[1:] for n in users}
    known = [t.values.get(name) for name in min(scales)]
    if len(scales) > 1 or not all(isinstance(v, np.ndarray) and v.size == 1 for v in known):
        return None
    scale, *zeros = (np.asarray(v) for v in known)
    zero = zeros[0] if zeros else np.zeros((), np.int8)
    fits = zero.dtype == np.int8 and scale.dtype == np.float32
    return Scale(scale, zero, 0).quant() if fits else None


def _dimension(t: Translation, info: Info, axis: int, given: int | str) -> int:
    if isinstance(given, int):
        return given
    first = {i.shape[0] for i in t.model.graph.inputs if i.shape}
    if axis == 0 or (given and (given in first or _BATCH.search(given))):
        return 1
    return refuse(
        "shape",
        f"Dimension {axis} of the input {info.name!r} ({given or 'unnamed'}) is not known.",
        "Only a batch dimension may be open (it becomes 1); export fixed shapes.",
    )


def finish(t: Translation) -> Graph:
    """The graph of all that was translated."""
    names: list[str] = []
    for info in t.model.graph.outputs:
        if info.name not in t.values:
            broken(f"its output {info.name!r} is not computed")
        try:
            names.append(_ended(t, info))
        except Unsupported as e:
            refuse("shape", f"The output {info.name!r} is not supported: {e}.")
    if not names:
        broken("it has no outputs")
    graph = built(t.b, distinct(t.b, names), t.classes)
    meant = any(v.quant for v in graph.types.values())
    return graph.with_(dialect="quantised" if meant else "float")


def _ended(t: Translation, info: Info) -> str:
    """The value of an output: of texts their indices, of maps the probabilities."""
    value = t.values[info.name]
    if isinstance(value, Chosen) and value.texts and info.dtype in ("string", "undefined"):
        t.classes.append(Classes(tuple(map(plain, value.table.tolist())), value.index))
        info, value = replace(info, dtype=t.b.type(value.index).dtype), value.index
    elif isinstance(value, Maps) and info.dtype in (MAPS, "undefined"):
        info, value = replace(info, dtype="float32"), value.scores
    name = t.named(value, info.name)
    _check_output(info, t.b.type(name))
    return name


def _check_output(info: Info, type: TensorType) -> None:
    wanted = info.shape
    if wanted and not all(isinstance(w, int) for w in wanted):
        wanted = None  # exporters leave out or add axes, or guess lengths: it is no promise
    same = info.dtype in (type.dtype, "undefined")
    fits = wanted is None or (
        len(wanted) == len(type.shape)
        and all(isinstance(w, str) or w == d for w, d in zip(wanted, type.shape, strict=True))
    )
    if not same or not fits:
        refuse(
            "shape",
            f"The output {info.name!r} is declared as {info.dtype}{list(wanted or ())}, but "
            f"the nodes compute {type}.",
        )
