"""CDist of com.microsoft, which skl2onnx writes for neighbours and kernels if asked to.

Source: ONNX Runtime, docs/ContribOperators.md.
"""

from tinsmith.compose.elementwise import unary
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.use import Use

FLOAT = ("float32",)
_METRICS = ("sqeuclidean", "euclidean")


def _distances(use: Use) -> str:
    """Of each row of A to each row of B [rows of A, rows of B]."""
    metric = use.text("metric", "sqeuclidean")
    if metric not in _METRICS:
        raise Unsupported(f"metric {metric!r}; supported: {', '.join(_METRICS)}")
    rows, points = use.value(0, *FLOAT), use.value(1, *FLOAT)
    far = use.b.op("distance", rows, points, power=2)
    return use.b.renamed(unary(use.b, "sqrt", far) if metric == "euclidean" else far, use.name)


OPERATORS = (Operator("CDist", _distances, FLOAT, domain="com.microsoft"),)
