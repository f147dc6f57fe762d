"""Walk: which elements an operation that moves data reads, in the order of its result."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np


def joined(shape: Sequence[int], strides: Sequence[int]) -> tuple[list[int], list[int]]:
    """The same walk with as few axes as possible: without axes of length 1, neighbours joined where
    one step of the outer is a whole walk of the inner."""
    lengths: list[int] = []
    steps: list[int] = []
    for length, step in zip(shape, strides, strict=True):
        if length == 1:
            continue
        if lengths and steps[-1] == length * step:
            lengths[-1] *= length
            steps[-1] = step
        else:
            lengths.append(length)
            steps.append(step)
    return lengths, steps


@dataclass(frozen=True)
class Walk:
    """Steps along axes of ``lengths`` (1 or more), the last axis fastest, from element ``offset``
    of a tensor read as one row; one step along axis i leads ``steps[i]`` elements on: 0 repeats,
    below 0 it goes backwards."""

    lengths: Sequence[int]
    steps: Sequence[int]
    offset: int = 0

    @property
    def straight(self) -> bool:
        """Whether it reads neighbours, one after the other, from the first on."""
        return self.offset == 0 and joined(self.lengths, self.steps)[1] in ([], [1])

    def covers(self, elements: int) -> bool:
        """Whether it reads each of so many elements once: its steps, sorted, are those of row-major
        order."""
        due = 1
        lengths, steps = joined(self.lengths, self.steps)
        for step, length in sorted(zip(steps, lengths, strict=True)):
            if step != due:
                return False
            due *= length
        return self.offset == 0 and due == elements

    def shortest(self) -> "Walk":
        """The same walk with as few axes as possible."""
        lengths, steps = joined(self.lengths, self.steps)
        return Walk(tuple(lengths), tuple(steps), self.offset)

    def places(self) -> np.ndarray:
        """Numbers of the elements that it reads, in order."""
        found = np.full(self.lengths, self.offset, np.int64)
        for axis, (length, step) in enumerate(zip(self.lengths, self.steps, strict=True)):
            behind = (1,) * (len(self.lengths) - axis - 1)
            found += (np.arange(length) * step).reshape(length, *behind)
        return found.reshape(prod(self.lengths))
