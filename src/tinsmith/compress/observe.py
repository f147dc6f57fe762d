"""The float values of a graph over the calibration cases."""

import numpy as np

from tinsmith.compress.method import Calibration
from tinsmith.core.errors import UserError
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import Interpreter

MOST_BYTES = 1_500_000_000
"""Memory that the values of all cases may take."""


def observed(
    graph: Graph, calibration: Calibration, reset_each: bool = True
) -> dict[str, np.ndarray]:
    """Every float32 value that is not a constant, [case, *shape]; states are reset before each
    case, or only before the first.

    Raises:
        UserError ``compress.calibration``: the values would not fit into `MOST_BYTES`.
    """
    inputs = calibration.inputs
    cases = len(next(iter(inputs.values())))
    wanted = [
        v for v, t in graph.types.items() if t.dtype == "float32" and v not in graph.constants
    ]
    each = sum(graph.type(v).nbytes for v in wanted)
    if cases * each > MOST_BYTES:
        raise UserError(
            "compress.calibration",
            f"{cases} calibration cases of {graph.name!r} hold {cases * each} bytes of values; "
            f"at most {MOST_BYTES} are kept.",
            f"Give at most {max(1, MOST_BYTES // each)} cases.",
        )
    values = {v: np.empty((cases, *graph.type(v).shape), np.float32) for v in wanted}
    machine = Interpreter(graph, calibration.job)
    for i in range(cases):
        if reset_each:
            machine.reset()
        seen = machine.run({k: v[i] for k, v in inputs.items()})
        for name, array in values.items():
            array[i] = seen[name]
    return values
