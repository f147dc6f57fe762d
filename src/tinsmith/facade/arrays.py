"""Cases as people hold them in a notebook, and examples for live models."""

from typing import Any

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.flow.model_inputs import Given, Taken, array_of, taken

__all__ = ["Cases", "Taken", "examples", "taken"]
Cases = Given


def examples(example: Any) -> list[np.ndarray]:
    """Example inputs of a live model, a batch of 1 each: the first case of what was given."""
    if example is None:
        return []
    given = list(example) if isinstance(example, list | tuple) else [example]
    found = []
    for i, values in enumerate(given):
        array = array_of(f"Example input {i}", values)
        if array.ndim == 0:
            raise UserError(
                "load.example",
                f"Example input {i} is a single number.",
                "Pass an array whose first axis is the batch.",
            )
        single = array.astype(np.float32) if array.dtype.name == "float64" else array
        found.append(single[:1])
    return found
