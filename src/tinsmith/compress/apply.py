"""The door to compression: checks what goes in, applies a method, checks what comes out."""

from dataclasses import replace

import numpy as np

from tinsmith.compress.method import METHODS, Calibration, Compressed, Options
from tinsmith.core.errors import UserError
from tinsmith.ir.graph import Graph
from tinsmith.ir.rules import verify


def apply(
    graph: Graph, method: str, calibration: Calibration, options: Options | None = None
) -> Compressed:
    """Compress a float graph.

    Args:
        graph: dialect float.
        method: a name in METHODS.
        calibration: at least one case of every input; some dozen, spread over all classes, are
            enough.
        options: rounding, and types of inputs and outputs; `Options()` if None.

    Raises:
        UnknownKind: no such method.
        UserError: ``compress.dialect`` (the graph is not float), ``compress.calibration`` (cases
            missing, of unequal number, or not finite).
    """
    chosen = METHODS.get(method)
    check_float(graph)
    _check(graph, calibration)
    compressed = chosen.apply(graph, calibration, options or Options())
    ends = zip(graph.outputs, compressed.graph.outputs, strict=True)
    labels = {new: graph.labels[old] for old, new in ends if old in graph.labels}
    compressed = replace(compressed, graph=compressed.graph.with_(labels=labels))
    verify(compressed.graph)
    return compressed


def check_float(graph: Graph) -> None:
    """Raises UserError ``compress.dialect`` for a graph that is not float."""
    if graph.dialect != "float":
        raise UserError(
            "compress.dialect",
            f"Compression starts from a float graph; {graph.name!r} is {graph.dialect}.",
            "Give the model as it was before it was quantised.",
        )


def _check(graph: Graph, calibration: Calibration) -> None:
    missing = [i for i in graph.inputs if i not in calibration.inputs]
    counts = {len(v) for v in calibration.inputs.values()}
    if missing or len(counts) != 1 or counts == {0}:
        what = f"input {missing[0]!r} has none" if missing else f"counts are {sorted(counts)}"
        raise UserError(
            "compress.calibration",
            f"Calibration needs the same number of cases, at least one, of every input; {what}.",
        )
    bad = [k for k, v in calibration.inputs.items() if not np.all(np.isfinite(v))]
    if bad:
        raise UserError(
            "compress.calibration", f"Calibration cases of {bad[0]!r} hold NaN or infinity."
        )
