"""Orders of reads and writes: a kernel that works as one says computes the right result wherever it
lets memory be shared; the distances that follow are all and only the safe ones."""

from typing import get_args

import numpy as np
import pytest

from tinsmith.codegen.order import (
    Distances,
    Reads,
    Times,
    Unit,
    safe_distances,
    streamed,
    window_times,
    windows,
)
from tinsmith.ir.op import OPS, Op, Site
from tinsmith.ir.types import TensorType
from tinsmith.testing.kernels import case_site

ROWS = (
    ("conv2d", "int8"), ("conv2d", "int8_groups"), ("conv2d", "same"),
    ("depthwise_conv2d", "int8_same"), ("depthwise_conv2d", "int8_offset"),
    ("avg_pool2d", "halved"), ("max_pool2d", "few"), ("max_pool2d", "wide"),
)  # fmt: skip


class Kernel:
    """Layers over one memory for operand and result, an element per cell; it works in the order
    that ``written`` says."""

    def __init__(self, op: Op, row: str, written: np.ndarray, reads: Reads) -> None:
        case = op.cases[row]
        self.op, self.site, self.reads = op, case_site(op, case), reads
        self.written = np.broadcast_to(written, self.site.outputs[0].shape).ravel()
        rng = np.random.default_rng(5)
        self.x = rng.integers(1, 120, self.site.inputs[0].shape).astype(case.operands[0].dtype)
        self.rest = [np.abs(o) + 1 if o.ndim > 1 else o * 0 for o in case.operands[1:]]
        self.needs = [self._needed(i) for i in range(self.x.size)]

    def compute(self, x: np.ndarray) -> np.ndarray:
        made = self.op.reference(
            [x.astype(self.x.dtype).reshape(self.x.shape), *self.rest], self.site
        )[0]
        return made.ravel()

    def _needed(self, element: int) -> int:
        """The first time at which an element is needed."""
        other = self.x.copy()
        other.flat[element] = 127
        times = self.written[self.compute(other) != self.compute(self.x)]
        return int(times.min(initial=1 << 30))

    def right(self, distance: int) -> bool:
        """Whether the result is right where the operand begins so many cells behind it."""
        behind, front = max(0, distance), max(0, -distance)
        memory = np.zeros(1000, np.float64 if self.x.dtype == np.float32 else np.int64)
        memory[behind : behind + self.x.size] = self.x.ravel()
        results, kept = memory[front : front + len(self.written)], self.x.ravel() * 0
        for time in sorted(set(self.written.tolist())):
            now = self.written == time
            seen = memory[behind : behind + self.x.size]
            fresh = np.array([n == time for n in self.needs])
            kept[fresh] = seen.astype(self.x.dtype)[fresh]
            results[now] = self.compute(kept if self.reads == "once" else seen)[now]
            if self.reads == "while":  # and what it reads after it wrote some
                results[now] = self.compute(seen)[now]
        return bool((results == self.compute(self.x)).all())


def written_by(site: Site, unit: Unit, together: int) -> np.ndarray:
    """Times counted one by one, as loops of a kernel would."""
    batch, rows, columns, channels = site.outputs[0].shape
    found = np.zeros((batch, rows, columns, channels), np.int64)
    in_a_row = -(-columns // together)
    for b, r, c, o in np.ndindex(found.shape):
        line, pixel = b * rows + r, (b * rows + r) * columns + c
        found[b, r, c, o] = {
            "pixel": pixel // together, "row": line // together, "channel": o // together,
            "pixel of row": line * in_a_row + c // together,
        }[unit]  # fmt: skip
    return found


@pytest.mark.parametrize("together", [1, 2])
@pytest.mark.parametrize("reads", get_args(Reads))
@pytest.mark.parametrize("unit", get_args(Unit))
def test_a_kernel_of_this_order_is_right_where_it_may_share(
    unit: Unit, reads: Reads, together: int
) -> None:
    wrong = 0
    for name, row in ROWS:
        op = OPS.get(name)
        site = case_site(op, op.cases[row])
        times = windows(site, unit, together, reads).times()
        kernel = Kernel(op, row, written_by(site, unit, together), reads)
        sizes = site.inputs[0].elements, site.outputs[0].elements
        safe = safe_distances(times, *sizes)
        for distance in {safe.least, safe.least + 1, safe.least + 5, *safe.exact}:
            assert kernel.right(distance), f"{name} {row}: {safe}"
        wrong += not kernel.right(safe.least - 1)
    assert wrong >= 2, "more than needed is forbidden"


def test_what_is_declared_too_early_goes_wrong() -> None:
    """Planted: pixel by pixel, but the kernel reads while it writes; rows where it is channels."""
    op = OPS.get("depthwise_conv2d")
    site = case_site(op, op.cases["int8_same"])
    sizes = site.inputs[0].elements, site.outputs[0].elements
    kernel = Kernel(op, "int8_same", written_by(site, "row", 1), "before")
    once = safe_distances(windows(site, "row", 1, "once").times(), *sizes)
    assert not kernel.right(once.least)
    channel = safe_distances(windows(site, "channel", 1, "before").times(), *sizes)
    assert channel.exact == (0,) and not kernel.right(0)


def by_trial(times: Times, operand: int, result: int) -> list[int]:
    reads, writes = times
    return [
        d for d in range(-operand - 2, result + 3)
        if all(writes[b + d] >= reads[b] for b in range(operand) if 0 <= b + d < result)
    ]  # fmt: skip


def test_distances_are_all_and_only_the_safe_ones(rng: np.random.Generator) -> None:
    for _ in range(200):
        operand, result = (int(n) for n in rng.integers(1, 20, 2))
        times = rng.integers(0, 6, operand), np.sort(rng.integers(0, 6, result))
        if rng.integers(2):
            times = np.sort(times[0]), times[1]
        if rng.integers(2):
            times = times[0], rng.permutation(times[1])
        safe, found = by_trial(times, operand, result), safe_distances(times, operand, result)
        assert set(range(found.least, result + 3)) <= set(safe) and set(found.exact) <= set(safe)
        assert found.least - 1 not in safe or found.least == -operand
        assert (0 in found.exact) == (0 in safe and found.least > 0)


def test_elements_of_several_bytes() -> None:
    """A result that grows over its operand, or shrinks."""
    narrow, wide = TensorType((1, 6), "int8"), TensorType((1, 6), "float32")
    grows, shrinks = Site({}, (narrow,), (wide,)), Site({}, (wide,), (narrow,))
    assert safe_distances(streamed(grows, 0).times(), 6, 24) == Distances(15)
    assert safe_distances(streamed(shrinks, 0).times(), 24, 6) == Distances(-3)


def test_a_streamed_operand_has_as_many_elements_as_the_result() -> None:
    one, six = TensorType((1, 1), "int8"), TensorType((1, 6), "int8")
    with pytest.raises(ValueError, match="operand 1 has 1 elements, the result 6"):
        streamed(Site({}, (six, one), (six,)), 1)


def test_an_order_of_ones_own() -> None:
    """Channel by channel, each pixel by pixel and reading each window just before: behind a whole
    channel only the last element of the next is free."""
    op = OPS.get("max_pool2d")
    site = case_site(op, op.cases["halved"])
    _, rows, columns, channels = site.outputs[0].shape
    pixels = np.arange(rows * columns).reshape(1, rows, columns, 1)
    written = np.arange(channels) * rows * columns + pixels
    times = window_times(site, written, "before")
    sizes = site.inputs[0].elements, site.outputs[0].elements
    kernel = Kernel(op, "halved", written, "before")
    safe = safe_distances(times, *sizes)
    assert kernel.right(safe.least) and not kernel.right(safe.least - 1)
