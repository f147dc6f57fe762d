"""Parts of samples that are read piece by piece, one after the other, in one pass."""

from collections.abc import Callable, Iterator

import numpy as np

from tinsmith.data.dataset import Rows, Samples


class Sequence:
    """Cuts of the same samples. Asked for in their order they cost one pass over the file; whoever
    asks for an earlier one begins anew."""

    def __init__(self, values: Samples) -> None:
        self._values = values
        self._pieces: Iterator[np.ndarray] = iter(())
        self._piece = np.zeros((0, 0))
        self._first = -1

    def cut(self, first: int, stop: int) -> Samples:
        """Samples ``first`` to ``stop`` (not included), which lie in the values."""
        if isinstance(self._values, np.ndarray):
            return self._values[first:stop]
        shape = (stop - first, self._values.shape[1])
        return Rows(shape, self._values.dtype, lambda: self._between(first, stop))

    def _between(self, first: int, stop: int) -> Iterator[np.ndarray]:
        assert isinstance(self._values, Rows)
        if self._first < 0 or first < self._first:
            self._pieces, self._first = self._values.pieces(), 0
            self._piece = np.zeros((0, self._values.shape[1]))
        while True:
            low, high = max(first - self._first, 0), min(stop - self._first, len(self._piece))
            if low < high:
                yield self._piece[low:high]
            end = self._first + len(self._piece)
            if end >= stop:
                return
            following = next(self._pieces, None)
            if following is None:
                return
            self._piece, self._first = following, end


def side_by_side(parts: list[Callable[[], Iterator[np.ndarray]]]) -> Iterator[np.ndarray]:
    """Pieces [n, channels] of several iterators over equally many rows, joined along channels."""
    for pieces in zip(*(p() for p in parts), strict=True):
        yield np.concatenate(pieces, axis=1)
