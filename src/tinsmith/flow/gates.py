"""Gates: does the result fit, is it equal to its reference, is it accurate and fast enough. Each
answer has its reasons."""

from collections.abc import Sequence
from dataclasses import dataclass

from tinsmith.build.firmware import Firmware
from tinsmith.codegen.module import MemoryPlan
from tinsmith.core.limits import Limits
from tinsmith.core.quantity import Counted, Estimated
from tinsmith.core.units import count_text, percent_text
from tinsmith.devices.board import Board
from tinsmith.learn.metrics import Metrics
from tinsmith.prove.trace import Verdict

_ROUNDING = 1e-9
"""Shares are quotients in binary: 1 - 0.95 is a hair more than 0.05."""


@dataclass(frozen=True)
class Gate:
    """One question about a result, the answer, and why."""

    name: str
    passed: bool
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name}: {'yes' if self.passed else 'NO'}; {' '.join(self.reasons)}"


def fits(firmware: Firmware, stack: Counted | None, board: Board, limits: Limits) -> Gate:
    """Flash and RAM with the deepest stack that was seen, against the board and the user's
    limits."""
    size = firmware.size
    if size is None:
        return Gate("fits", True, ("Not judged: no image is linked for this computer.",))
    flash = _room("Flash", size.flash.whole, board.flash_bytes, limits.flash_bytes)
    needs = size.ram_static.whole + (stack.whole if stack else 0)
    ram = _room("RAM", needs, board.ram_bytes, limits.ram_bytes)
    reasons = [ram[1], flash[1]]
    if not ram[0]:
        reasons.append(largest_buffer(firmware.module.plan))
        reasons.append(
            "Try a shorter window, fewer channels or features, narrower layers, or a board with "
            "more RAM."
        )
    if not flash[0]:
        reasons.append(
            f"The weights take {size.weights.text} of the flash. "
            "Try narrower layers, fewer features, or a board with more flash."
        )
    return Gate("fits", ram[0] and flash[0], tuple(reasons))


def equal(verdicts: Sequence[Verdict]) -> Gate:
    """Every execution agrees with the reference in every stage."""
    wrong = [v for v in verdicts if not v.equal]
    if wrong:
        return Gate("equal", False, (*(f"{v}." for v in wrong), "Do not ship this firmware."))
    most = max(v.compared_values for v in verdicts)
    whole = " and ".join(v.origin for v in verdicts if v.compared_values == most)
    reasons = [f"Every value of every golden vector, on {whole}."]
    reasons += [
        f"The outputs of every golden vector, on {v.origin}: its runner sees no other values."
        for v in verdicts
        if v.compared_values < most
    ]
    return Gate("equal", True, tuple(reasons))


def accurate(device: Metrics, reference: Metrics, limits: Limits) -> Gate:
    """Accuracy of the device's answers, and what it lost against the float model on the same
    windows."""
    share = device.accuracy.value
    drop = reference.accuracy.value - share
    enough, close = (
        share >= limits.min_accuracy - _ROUNDING,
        drop <= limits.max_accuracy_drop + _ROUNDING,
    )
    reasons = [
        f"{percent_text(share)} on the device, at least {percent_text(limits.min_accuracy)} "
        "wanted.",
        f"{percent_text(max(drop, 0.0))} lost against float, at most "
        f"{percent_text(limits.max_accuracy_drop)} allowed.",
    ]
    if not enough:
        reasons.append("Try more recordings, longer windows or other blocks.")
    if not close:
        reasons.append("Try wider layers or more varied recordings.")
    return Gate("accurate", enough and close, tuple(reasons))


def fast(latency: Estimated | None, limits: Limits) -> Gate:
    """The slow end of the latency range, where the board's cycle model is calibrated."""
    wanted = limits.max_latency_ms
    if wanted is None:
        return Gate("fast", True, ("No limit is set.",))
    if latency is None:
        return Gate("fast", True, ("Not judged: this board has no calibrated cycle model.",))
    reason = f"{latency.low:.3g} to {latency.high:.3g} ms, at most {wanted:g} ms allowed."
    return Gate("fast", latency.high <= wanted, (reason,))


def largest_buffer(plan: MemoryPlan) -> str:
    """A sentence that names the largest buffer of the arena."""
    if not plan.places:
        return "The model has no buffers."
    name, place = max(plan.places.items(), key=lambda item: (item[1].nbytes, item[0]))
    return f"The largest buffer is {name!r} with {count_text(place.nbytes)} B."


def _room(what: str, needs: int, board: int, limit: int | None) -> tuple[bool, str]:
    if board == 0 and limit is None:
        return True, f"{what} needs {count_text(needs)} B, there is no limit."
    has, whose = board, "the board"
    if limit is not None and (board == 0 or limit < board):
        has, whose = limit, "the limit"
    verb = "needs" if needs <= has else "does not fit: needs"
    return needs <= has, f"{what} {verb} {count_text(needs)} B, {whose} has {count_text(has)} B."
