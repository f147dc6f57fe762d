"""Gates: does the result fit, is it equal to its reference, did it learn anything, is it accurate
and fast enough. Each answer has its reasons."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tinsmith.build.firmware import Firmware
from tinsmith.codegen.module import MemoryPlan
from tinsmith.core.limits import Limits
from tinsmith.core.quantity import Counted, Estimated
from tinsmith.core.units import count_text, percent_text
from tinsmith.devices.board import Board
from tinsmith.learn.guessing import LEVEL, recordings_needed
from tinsmith.learn.metrics import Metrics
from tinsmith.learn.trained import Curves, Trained
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


def learned(device: Metrics, trained: Trained) -> Gate:
    """The device's answers are better than naming the commonest class, by a test of recordings or
    groups (`learn/guessing.py`), there are enough of these to tell, and training got somewhere."""
    found = device.guessing
    if found is None:
        return Gate("learned", True, ("Not judged: it is not known what the windows belong to.",))
    wrong = list(setbacks(device, trained))
    if not wrong:
        return Gate("learned", True, (guessing_text(device),))
    advice = "Try other blocks or a longer window, and look at the labels."
    if not found.enough:
        classes = len(trained.labels)
        count = f"{recordings_needed(classes)} {found.by}s in the test part"
        advice = f"Record more: about {count} tell {classes} equally common classes."
    return Gate("learned", False, (*wrong, advice))


def setbacks(metrics: Metrics, trained: Trained) -> Iterator[str]:
    """Why a model has learned nothing, or cannot be told from one: nothing where it has."""
    found, only = metrics.guessing, metrics.only_answer
    if trained.curves.stuck:
        yield f"Training never got better than its start: {epochs_text(trained.curves)}."
    if only is not None:
        yield f"It answers {trained.labels[only]!r} for every window."
    if found is not None and not found.beaten:
        yield guessing_text(metrics)


def epochs_text(curves: Curves) -> str:
    """``31 epochs, best 0``."""
    epochs = len(curves.train_loss)
    return f"{epochs} epochs, best {curves.best}" if epochs else "fitted at once"


def guessing_text(metrics: Metrics) -> str:
    """What the test against guessing says, in a sentence."""
    found = metrics.guessing
    if found is None:
        return "Not tested against guessing."
    units = _counted(found.units, found.by)
    if found.by != "recording":
        units = f"{_counted(found.recordings, 'recording')} of {units}"
    if not found.enough:
        return f"Cannot be told from guessing: {units} in the test part are too few."
    better = "Better" if found.beaten else "Not better"
    return (
        f"{better} than guessing: {percent_text(metrics.accuracy.value)}, always naming the "
        f"commonest class {percent_text(found.baseline)}; p = {found.p:.4f} by {found.by} "
        f"({units}), below {LEVEL:g} wanted."
    )


def _counted(count: int, what: str) -> str:
    return f"{count_text(count)} {what}{'s' if count != 1 else ''}"


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


def classes(device: Metrics, reference: Metrics, labels: Sequence[str], limits: Limits) -> Gate:
    """Recall of each class on the device against float on the same windows. One window is no
    evidence: a class that lost no more passes."""
    lost = [
        (before.value - after.value, before.hits - after.hits, name)
        for name, before, after in zip(
            labels, reference.per_class_recall, device.per_class_recall, strict=True
        )
    ]
    allowed = f"at most {percent_text(limits.max_class_drop)} allowed."
    wrong = [
        f"Class {name!r} lost {percent_text(drop)} of its recall against float ({count} windows), "
        f"{allowed}"
        for drop, count, name in lost
        if drop > limits.max_class_drop + _ROUNDING and count > 1
    ]
    if wrong:
        return Gate("classes", False, (*wrong, "Try wider layers or more recordings of it."))
    most, count, name = max(lost)
    if count <= 0:
        return Gate("classes", True, (f"No class lost recall against float, {allowed}",))
    windows = f"{count} window{'s' if count > 1 else ''}"
    said = f"{name!r} lost most of its recall: {percent_text(most)} ({windows}), {allowed}"
    return Gate("classes", True, (said,))


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
