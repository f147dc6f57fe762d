"""STRIDED_SLICE: Python's indexing with several masks.

Source: TensorFlow's documentation of tf.strided_slice; option fields 0 to 5: TensorFlow Lite's
schema, version 3, StridedSliceOptions (begin, end, ellipsis, new axis, shrink axis, offset).
"""

from dataclasses import dataclass

from tinsmith.compose import movement
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.use import Use


@dataclass(frozen=True)
class _Masks:
    """One bit per index: it has no begin, no end, stands for all missing axes, makes a new axis,
    picks one place; ``relative``: ends count from the begins."""

    begin: int
    end: int
    rest: int
    new: int
    single: int
    relative: bool

    def at(self, index: int) -> "_Masks":
        """The masks of one index, 0 or 1 each."""
        begin, end, rest, new, single = (
            b >> index & 1 for b in (self.begin, self.end, self.rest, self.new, self.single)
        )
        return _Masks(begin, end, rest, new, single, self.relative)


class _Cuts:
    """The cut of each axis of x, and the result's shape, index by index."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.cuts: list[tuple[int | None, int | None, int]] = []
        self.result: list[int] = []

    def whole(self, axes: int) -> None:
        """Axes that stay as they are."""
        for _ in range(max(0, axes)):
            self._next(None, None, 1)

    def place(self, index: int) -> None:
        """One place along the next axis, which disappears."""
        length = self._length()
        if not -length <= index < length:
            raise Unsupported(f"index {index} of {length}")
        index %= length
        self.cuts.append((index, index + 1, 1))

    def run(self, spec: tuple[int, int, int], mask: _Masks) -> None:
        """Places from begin to end along the next axis."""
        begin, end, step = spec
        if step == 0:
            raise Unsupported("a stride is 0")
        if mask.relative and not mask.end:
            end = begin + end
        start = None if mask.begin else begin
        stop = None if mask.end else end
        self._next(start, stop, step)

    def _next(self, start: int | None, stop: int | None, step: int) -> None:
        self.result.append(len(range(*slice(start, stop, step).indices(self._length()))))
        self.cuts.append((start, stop, step))

    def _length(self) -> int:
        if len(self.cuts) >= len(self.shape):
            raise Unsupported(f"it has more indices than x {list(self.shape)} has axes")
        return self.shape[len(self.cuts)]


def strided_slice(use: Use) -> str:
    """Operands 1 to 3: begin, end and stride per index."""
    x = use.value(0)
    begins, ends, steps = (use.integers(i) for i in (1, 2, 3))
    if not len(begins) == len(ends) == len(steps) <= 31:
        raise Unsupported(f"it has {len(begins)} begins, {len(ends)} ends, {len(steps)} strides")
    begin, end, rest, new, single = (use.option(i, "<i") for i in range(5))
    masks = _Masks(begin, end, rest, new, single, bool(use.option(5, "<b")))
    found = _Cuts(use.type(x).shape)
    _walk(found, list(zip(begins, ends, steps, strict=True)), masks)
    cuts = zip(*found.cuts, strict=True) if found.cuts else ((), (), ())
    starts, stops, strides = cuts
    y = movement.slices(use.b, x, starts, stops, strides)
    return use.moved(use.b.renamed(movement.reshape(use.b, y, found.result), use.name))


def _walk(found: _Cuts, specs: list[tuple[int, int, int]], masks: _Masks) -> None:
    seen_rest = False
    for i, spec in enumerate(specs):
        mask = masks.at(i)
        if mask.rest and not seen_rest:
            seen_rest = True
            later = sum(not masks.at(k).new for k in range(i + 1, len(specs)))
            found.whole(len(found.shape) - len(found.cuts) - later)
        elif mask.new:
            found.result.append(1)
        elif mask.single:
            found.place(0 if mask.begin else spec[0])
        else:
            found.run(spec, mask)
    found.whole(len(found.shape) - len(found.cuts))
