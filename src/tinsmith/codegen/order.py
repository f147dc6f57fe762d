"""In what order a kernel reads an operand and writes its result: from this one declaration follow
the places at which a planner may let both share memory, and what the verifier of plans replays.

Time is counted in whole numbers that the author of the kernel chooses, such as the number of the
pixel at work. At each time all reads come before the first write. So a byte of the result may lie
on a byte of the operand if its time is not before that byte's.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from tinsmith.ir.op import Site
from tinsmith.ir.ops._window import Window, numbers, window_of

Times = tuple[np.ndarray, np.ndarray]
"""Of each element of the operand, when it is read for the last time; of each element of the result,
when it is written for the first time. Both in the order of memory."""
Unit = Literal["pixel", "pixel of row", "row", "channel"]
Reads = Literal["while", "before", "once"]
_FAR = 1 << 40
"""No other value is as large as the numbers from here on."""


@dataclass(frozen=True)
class Order:
    """The order for one operand. An operand without one may be read after any byte of the result
    was written."""

    operand: int
    times: Callable[[], Times] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Distances:
    """Safe (address of operand - address of result), in bytes: ``least`` and all above, and those
    of ``exact``."""

    least: int
    exact: tuple[int, ...] = ()


def streamed(site: Site, operand: int) -> Order:
    """Results are written front to back, and element i only after everything at index <= i of the
    operand, which has as many elements, was read."""
    count = site.outputs[0].elements
    if site.inputs[operand].elements != count:
        raise ValueError(
            f"operand {operand} has {site.inputs[operand].elements} elements, the result {count}"
        )
    return Order(operand, lambda: (np.arange(count), np.arange(count)))


def stepwise(site: Site) -> Order:
    """Row by row of the first axis: row t of operand 0 is read while row t of the result is
    written."""
    x, y = site.inputs[0], site.outputs[0]
    steps = np.arange(x.shape[0])

    def times() -> Times:
        reads, writes = (np.repeat(steps, t.elements // len(steps)) for t in (x, y))
        return reads + 1, writes

    return Order(0, times)


def moving(site: Site, operand: int, reference: Callable[..., tuple[np.ndarray, ...]]) -> Order:
    """Results are written front to back, each after the element that it holds was read; which that
    is, the operation's reference tells, given the numbers of elements."""

    def times() -> Times:
        numbers = [np.full(t.shape, -1, np.int64) for t in site.inputs]
        count = site.inputs[operand].elements
        numbers[operand] = _FAR + np.arange(count).reshape(site.inputs[operand].shape)
        with np.errstate(invalid="ignore"):  # a border may be infinite
            held = reference(numbers, site)[0].ravel() - _FAR
        reads = np.full(count, -1, np.int64)
        here = np.flatnonzero((held >= 0) & (held < count))
        np.maximum.at(reads, held[here], here)
        return reads, np.arange(len(held))

    return Order(operand, times)


def windows(layer: Site, unit: Unit, together: int = 1, reads: Reads = "while") -> Order:
    """Of a convolution, a depthwise convolution or a pooling over operand 0, whatever follows it in
    the same step element by element.

    Args:
        layer: the use of that operation itself, not of the fused node around it.
        unit: results that are computed at one time, in this order: all channels of a ``pixel``, of
            all pixels of a ``row``, or all pixels of a ``channel``.
        together: as many units at one time. Blocks of ``pixel`` run on over the ends of rows, those
            of ``pixel of row`` begin anew in each.
        reads: when the kernel reads the elements that the results of one time need:
            ``while`` it writes those results, ``before`` it writes the first of them (into scratch
            or registers), or ``once``, when the first results of all need them (kept in scratch).
    """
    return Order(0, lambda: window_times(layer, _written(layer, unit, together), reads))


def window_times(layer: Site, written: np.ndarray, reads: Reads) -> Times:
    """The times of a layer as `windows` takes it, for any order of its results.

    Args:
        written: the time of each result, in the result's shape.
    """
    wanted = np.broadcast_to(written, layer.outputs[0].shape)
    pick = np.minimum if reads == "once" else np.maximum
    needed = _by_channel(wanted, layer, pick)
    never, unknown = int(wanted.min()) - 1, int(wanted.max()) + 1
    found = np.full(layer.inputs[0].shape, unknown if reads == "once" else never, np.int64)
    for tap in _window(layer).taps():
        part = found[:, *tap.read]
        pick(part, needed[:, *tap.results], out=part)
    found[found == unknown] = never
    return (found + (reads == "while")).ravel(), wanted.ravel()


def safe_distances(times: Times, operand_bytes: int, result_bytes: int) -> Distances:
    """Where the operand may begin, seen from the result.

    Byte b of the operand, read until r, must not meet a byte of the result that is written before
    r. The last such byte of the result is found in the smallest times from each byte on.
    """
    reads, writes = byte_times(times, operand_bytes, result_bytes)
    smallest = np.minimum.accumulate(writes[::-1])[::-1]
    behind = np.searchsorted(smallest, reads, "left")  # 1 + the last result before this read
    meeting = behind > 0
    least = int((behind - np.arange(operand_bytes))[meeting].max(initial=-operand_bytes))
    both = min(operand_bytes, result_bytes)
    if least > 0 and bool((writes[:both] >= reads[:both]).all()):
        return Distances(least, (0,))
    return Distances(least)


def byte_times(times: Times, operand_bytes: int, result_bytes: int) -> Times:
    """The times of each byte."""
    reads, writes = times
    return (
        np.repeat(reads, operand_bytes // len(reads)),
        np.repeat(writes, result_bytes // len(writes)),
    )


def _written(layer: Site, unit: Unit, together: int) -> np.ndarray:
    batch, rows, columns, channels = layer.outputs[0].shape
    if unit == "channel":
        return np.arange(channels) // together
    if unit == "row":
        return np.arange(batch * rows).reshape(batch, rows, 1, 1) // together
    if unit == "pixel":
        return np.arange(batch * rows * columns).reshape(batch, rows, columns, 1) // together
    blocks = -(-columns // together)
    starts = np.arange(batch * rows).reshape(batch, rows, 1, 1) * blocks
    return starts + np.arange(columns).reshape(columns, 1) // together


def _by_channel(written: np.ndarray, layer: Site, pick: np.ufunc) -> np.ndarray:
    """When the results of a pixel need each channel of x: all of them do in a convolution, else
    those of the channel."""
    if "size" in layer.attrs:
        return written
    channels = layer.inputs[0].shape[3] if "multiplier" in layer.attrs else 1
    found: np.ndarray = pick.reduce(written.reshape(*written.shape[:3], channels, -1), axis=-1)
    return found


def _window(layer: Site) -> Window:
    x, attrs = layer.inputs[0], layer.attrs
    if "size" in attrs:
        height, width = numbers("layer", attrs, "size", 2, least=1)
    else:
        height, width = layer.inputs[1].shape[1:3]
    return window_of("layer", x, (height, width), attrs)
