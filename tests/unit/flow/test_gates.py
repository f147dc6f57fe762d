"""Gates: the answer, and reasons with numbers and advice."""

from dataclasses import replace

import numpy as np
import pytest

from tinsmith.build.firmware import Firmware, SizeReport
from tinsmith.codegen.module import InferenceModule, MemoryPlan, Place
from tinsmith.core.limits import Limits
from tinsmith.core.quantity import Emulated, Estimated
from tinsmith.data.windows import Windowing
from tinsmith.devices.board import BOARDS
from tinsmith.flow import gates
from tinsmith.ir.graph import Graph
from tinsmith.learn.metrics import Metrics, metrics
from tinsmith.learn.pipeline import Pipeline, Sensor
from tinsmith.learn.trained import Curves, Trained
from tinsmith.learn.units import Units
from tinsmith.prove.trace import Divergence, Verdict

PICO = BOARDS.get("rpi_pico")
PLACES = {"small": Place(0, 16, 0, 1), "physical": Place(16, 1200, 0, 2)}
PLAN = MemoryPlan("first_fit", 1216, PLACES, 0, {})
GRAPH = Graph("g", "lowered", (), (), (), {})
MODULE = InferenceModule("g", "rpi_pico", "tinsmith", GRAPH, PLAN, {}, {}, {})


def nbytes(count: int, method: str = "linked image") -> Emulated:
    return Emulated(count, "B", "rpi_pico", "zig 0", method=method)


def sizes(flash: int, ram: int, weights: int) -> SizeReport:
    return SizeReport(nbytes(flash), nbytes(ram), {}, nbytes(weights), nbytes(flash - weights))


STACK = nbytes(200, "painted, emulated")
FIRMWARE = Firmware(
    "rpi_pico", "bare", "zig", "zig 0", "image", b"", sizes(9000, 1300, 4000), {}, 4096, MODULE,
)  # fmt: skip


def accuracy(right: int, of: int) -> Metrics:
    truth = np.zeros(of, np.int64)
    return metrics(truth, np.where(np.arange(of) < right, 0, 1), 2)


def test_fits() -> None:
    gate = gates.fits(FIRMWARE, STACK, PICO, Limits())
    assert gate.passed
    assert "RAM needs 1 500 B, the board has 270 336 B." in gate.reasons


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(ram_bytes=1499), ("needs 1 500 B, the limit has 1 499 B", "'physical' with 1 200")),
        (Limits(flash_bytes=8999), ("needs 9 000 B, the limit has 8 999 B", "weights take 4 000")),
    ],
)
def test_does_not_fit(limits: Limits, words: tuple[str, ...]) -> None:
    gate = gates.fits(FIRMWARE, STACK, PICO, limits)
    assert not gate.passed
    assert all(w in " ".join(gate.reasons) for w in (*words, "Try"))


def test_the_edge_fits_and_a_limit_above_the_board_is_the_boards() -> None:
    assert gates.fits(FIRMWARE, STACK, PICO, Limits(ram_bytes=1500, flash_bytes=9000)).passed
    big = replace(FIRMWARE, size=sizes(9000, PICO.ram_bytes, 0))
    assert not gates.fits(big, nbytes(8), PICO, Limits(ram_bytes=10**9)).passed


def test_the_host_has_no_limit_of_its_own() -> None:
    host = BOARDS.get("host")
    assert gates.fits(FIRMWARE, None, host, Limits()).passed
    assert not gates.fits(FIRMWARE, None, host, Limits(ram_bytes=100)).passed


def test_what_is_not_linked_is_not_judged() -> None:
    gate = gates.fits(replace(FIRMWARE, size=None), None, PICO, Limits(flash_bytes=1))
    assert gate.passed and gate.reasons[0].startswith("Not judged: no image is linked")


def test_equal() -> None:
    good = Verdict("host C", True, 20, 41)
    found = Divergence("spectral", "power", "kernel", "3 of 8 elements differ.", 0, 3, 8)
    bad = Verdict("rpi_pico/unicorn", False, 20, 41, found)
    assert gates.equal([good, good]).passed
    gate = gates.equal([good, bad])
    assert not gate.passed
    assert "rpi_pico/unicorn diverges at spectral (power): kernel" in " ".join(gate.reasons)


def test_equal_says_where_outputs_only_were_seen() -> None:
    host, board = Verdict("host C", True, 20, 60), Verdict("b/qemu", True, 20, 1)
    assert gates.equal([host, host]).reasons == (
        "Every value of every golden vector, on host C and host C.",
    )
    said = gates.equal([host, board]).reasons
    assert said[0] == "Every value of every golden vector, on host C."
    assert said[1].startswith("The outputs of every golden vector, on b/qemu: ")


def test_accurate() -> None:
    limits = Limits(min_accuracy=0.8, max_accuracy_drop=0.05)
    assert gates.accurate(accuracy(95, 100), accuracy(100, 100), limits).passed
    assert not gates.accurate(accuracy(94, 100), accuracy(100, 100), limits).passed
    assert not gates.accurate(accuracy(79, 100), accuracy(79, 100), limits).passed
    assert gates.accurate(accuracy(90, 100), accuracy(80, 100), limits).passed


CURVES = Curves((1.0, 0.5), (1.1, 0.6), (0.5, 0.9), (0.4, 0.8), 1, 0.7)
STUCK = Curves((1.0,) * 31, (0.69, *(0.7,) * 30), (0.5,) * 31, (0.5,) * 31, 0, 0.7)


def trained(curves: Curves, labels: tuple[str, ...] = ("calm", "wild")) -> Trained:
    """What a gate reads of a training."""
    pipeline = Pipeline("p", (), 1.0, Sensor("int16", ()), Windowing(2, 2), (), "linear")
    seen = accuracy(1, 1)
    return Trained(pipeline, labels, {}, seen, seen, curves, 1, {})


def answers(truth: np.ndarray, predicted: np.ndarray) -> Metrics:
    recording = np.arange(len(truth))
    return metrics(truth, predicted, 2, Units(recording, recording, grouped=False))


def test_learned() -> None:
    truth = np.arange(40) % 2
    gate = gates.learned(answers(truth, truth), trained(CURVES))
    assert gate.passed
    (reason,) = gate.reasons
    assert reason == (
        "Better than guessing: 100.0 %, always naming the commonest class 50.0 %; p = 0.0001 by "
        "recording (40 recordings), below 0.001 wanted."
    )


def test_a_guess_has_not_learned() -> None:
    truth = np.arange(40) % 2
    gate = gates.learned(answers(truth, np.arange(40) // 2 % 2), trained(CURVES))
    assert not gate.passed
    assert gate.reasons[0].startswith("Not better than guessing: 50.0 %, always naming")
    assert gate.reasons[-1].startswith("Try other blocks")


def test_too_few_recordings_are_no_evidence() -> None:
    truth = np.arange(6) % 2
    gate = gates.learned(answers(truth, truth), trained(CURVES))
    assert not gate.passed
    said = "Cannot be told from guessing: 6 recordings in the test part are too few."
    assert said in gate.reasons
    assert gate.reasons[-1] == (
        "Record more: about 14 recordings in the test part tell 2 equally common classes."
    )


def test_groups_are_said_with_their_recordings() -> None:
    label = np.tile(np.arange(6), 4)
    units = Units(np.arange(24), np.repeat(np.arange(4), 6), grouped=True)
    found = metrics(label, label, 6, units)
    (reason,) = gates.learned(found, trained(CURVES, tuple("abcdef"))).reasons
    assert "p = 0.0001 by group (24 recordings of 4 groups), below" in reason


def test_one_class_for_everything_is_named() -> None:
    truth = np.arange(40) % 2
    gate = gates.learned(answers(truth, np.ones(40, np.int64)), trained(CURVES))
    assert not gate.passed
    assert "It answers 'wild' for every window." in gate.reasons


def test_a_model_that_never_got_better_is_named() -> None:
    truth = np.arange(40) % 2
    gate = gates.learned(answers(truth, truth), trained(STUCK))
    assert not gate.passed
    assert gate.reasons[0] == "Training never got better than its start: 31 epochs, best 0."


def test_one_pass_over_much_data_may_be_enough() -> None:
    assert not replace(STUCK, validation_loss=(0.05, *(0.06,) * 30)).stuck
    assert replace(STUCK, guess=None).stuck
    assert not replace(STUCK, best=3).stuck
    assert not Curves((1.0,), (1.0,), (0.5,), (0.5,), 0, 0.7).stuck


def test_a_class_that_got_lost_is_named() -> None:
    truth = np.repeat([0, 1], [90, 10])
    lost = truth.copy()
    lost[90:92] = 0
    before, after = metrics(truth, truth, 2), metrics(truth, lost, 2)
    limits = Limits()
    assert gates.accurate(after, before, limits).passed
    gate = gates.classes(after, before, ("calm", "wild"), limits)
    assert not gate.passed
    assert gate.reasons[0] == (
        "Class 'wild' lost 20.0 % of its recall against float (2 windows), at most 10.0 % allowed."
    )
    assert gates.classes(after, before, ("calm", "wild"), Limits(max_class_drop=0.2)).passed
    assert gates.classes(before, after, ("calm", "wild"), limits).reasons == (
        "No class lost recall against float, at most 10.0 % allowed.",
    )


def test_one_window_of_a_class_is_no_evidence() -> None:
    truth = np.repeat([0, 1], [90, 5])
    lost = truth.copy()
    lost[90] = 0
    gate = gates.classes(metrics(truth, lost, 2), metrics(truth, truth, 2), "ab", Limits())
    assert gate.passed
    assert gate.reasons == (
        "'b' lost most of its recall: 20.0 % (1 window), at most 10.0 % allowed.",
    )


def test_fast() -> None:
    estimate = Estimated(1.5, "ms", "b", "s", low=1.3, high=1.7)
    assert gates.fast(estimate, Limits()).passed
    assert gates.fast(estimate, Limits(max_latency_ms=1.7)).passed
    assert not gates.fast(estimate, Limits(max_latency_ms=1.6)).passed
    gate = gates.fast(None, Limits(max_latency_ms=1.0))
    assert "Not judged" in gate.reasons[0]
