"""Arithmetic element by element, with the broadcasting of numpy.

Every function takes a Builder and names of values, appends the nodes it takes (none where nothing
changes) and returns the name of the result; ``name`` names the last node. Quantisation is not
looked at: integers are plain numbers here. They raise ShapeError where shapes do not fit and
UserError ``compose.type`` where a type cannot be computed with.
"""

from tinsmith.compose.arithmetic import (
    NUMBERS,
    binary,
    cast,
    clip,
    compare,
    logical,
    logical_not,
    scalar,
    where,
)
from tinsmith.compose.functions import (
    UNARY,
    celu,
    elu,
    hard_sigmoid,
    leaky_relu,
    selu,
    unary,
)

__all__ = [
    "NUMBERS", "UNARY", "binary", "cast", "celu", "clip", "compare", "elu", "hard_sigmoid",
    "leaky_relu", "logical", "logical_not", "scalar", "selu", "unary", "where",
]  # fmt: skip
