"""Windows over the two middle axes of NHWC tensors, as convolutions and poolings slide them.

Attributes: stride (y, x); dilation (y, x), (1, 1) if absent; padding (top, bottom, left, right),
zeros if absent. What lies outside x takes no part in sums and maxima: it is skipped, not read as
a zero. Source: TensorFlow's description of its convolutions (padding and output size).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tinsmith.ir.op import Attrs, ShapeError
from tinsmith.ir.types import TensorType


@dataclass(frozen=True)
class Tap:
    """One place in the kernel: the results (rows, columns) whose window has x at this place, and
    where in x that is."""

    ky: int
    kx: int
    results: tuple[slice, slice]
    read: tuple[slice, slice]


@dataclass(frozen=True)
class Window:
    """Sizes along y and x, each a pair except the padding's four."""

    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    padding: tuple[int, int, int, int]

    @property
    def extent(self) -> tuple[int, int]:
        """Rows and columns from the first to the last tap."""
        (ky, kx), (dy, dx) = self.kernel, self.dilation
        return (ky - 1) * dy + 1, (kx - 1) * dx + 1

    @property
    def results(self) -> tuple[int, int]:
        """How many windows fit, along y and x; below 1 where none does."""
        top, bottom, left, right = self.padding
        (h, w), (ey, ex), (sy, sx) = self.size, self.extent, self.stride
        return (h + top + bottom - ey) // sy + 1, (w + left + right - ex) // sx + 1

    def taps(self) -> Iterator[Tap]:
        """Every place in the kernel, row by row; those that never meet x are left out."""
        starts = (self.padding[0], self.padding[2])
        for ky in range(self.kernel[0]):
            for kx in range(self.kernel[1]):
                offsets = (ky * self.dilation[0] - starts[0], kx * self.dilation[1] - starts[1])
                rows, columns = (self._meeting(axis, offsets[axis]) for axis in (0, 1))
                if rows and columns:
                    yield Tap(ky, kx, (rows[0], columns[0]), (rows[1], columns[1]))

    def empty(self) -> bool:
        """Whether some window lies in the border alone, none of its places in x."""
        for axis, start in ((0, self.padding[0]), (1, self.padding[2])):
            step = self.dilation[axis]
            for i in range(self.results[axis]):
                at = i * self.stride[axis] - start
                tap = max(0, -(at // step))  # the first that is not in front of x
                if tap >= self.kernel[axis] or at + tap * step >= self.size[axis]:
                    return True
        return False

    def _meeting(self, axis: int, offset: int) -> tuple[slice, slice] | None:
        """Results i with 0 <= i * stride + offset < size, and those places."""
        stride, size = self.stride[axis], self.size[axis]
        first = max(0, -(offset // stride))
        count = min(self.results[axis], -((offset - size) // stride)) - first
        if count < 1:
            return None
        start = first * stride + offset
        return slice(first, first + count), slice(start, start + (count - 1) * stride + 1, stride)


def window_of(op: str, x: TensorType, kernel: tuple[int, int], attrs: Attrs) -> Window:
    """The windows of a kernel of size (y, x) over x [batch, height, width, channels].

    Raises:
        ShapeError: x has another rank, an attribute is missing or out of range, or no window fits.
    """
    if len(x.shape) != 4:
        raise ShapeError(op, f"x {x.shape}; expected [batch, height, width, channels]")
    given: Attrs = {"dilation": (1, 1), "padding": (0, 0, 0, 0), **attrs}
    sy, sx = numbers(op, given, "stride", 2, least=1)
    dy, dx = numbers(op, given, "dilation", 2, least=1)
    top, bottom, left, right = numbers(op, given, "padding", 4, least=0)
    window = Window(
        (x.shape[1], x.shape[2]), kernel, (sy, sx), (dy, dx), (top, bottom, left, right)
    )
    if min(window.results) < 1:
        raise ShapeError(op, f"no window of {window.extent} fits into x {x.shape} with {attrs}")
    return window


def geometry(x: TensorType, window: Window) -> tuple[int, ...]:
    """How kernels are told: (batch, height, width, channels of x, rows and columns of the result,
    of the kernel, then stride, dilation (y, x each), padding at the top, at the left)"""
    return (
        *x.shape, *window.results, *window.kernel, *window.stride, *window.dilation,
        window.padding[0], window.padding[2],
    )  # fmt: skip


def numbers(op: str, attrs: Attrs, name: str, count: int, least: int) -> tuple[int, ...]:
    """A tuple of ``count`` whole numbers, each at least ``least``; ShapeError for anything else."""
    value = attrs.get(name)
    if (
        not isinstance(value, tuple)
        or len(value) != count
        or not all(type(v) is int and v >= least for v in value)
    ):
        raise ShapeError(
            op, f"attribute {name} is {value!r}; expected {count} whole numbers from {least} on"
        )
    return tuple(int(v) for v in value)
