"""Gates: the answer, and reasons with numbers and advice."""

from dataclasses import replace

import numpy as np
import pytest

from tinsmith.build.firmware import Firmware, SizeReport
from tinsmith.codegen.module import InferenceModule, MemoryPlan, Place
from tinsmith.core.limits import Limits
from tinsmith.core.quantity import Emulated, Estimated
from tinsmith.devices.board import BOARDS
from tinsmith.flow import gates
from tinsmith.ir.graph import Graph
from tinsmith.learn.metrics import Metrics, metrics
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


def test_fast() -> None:
    estimate = Estimated(1.5, "ms", "b", "s", low=1.3, high=1.7)
    assert gates.fast(estimate, Limits()).passed
    assert gates.fast(estimate, Limits(max_latency_ms=1.7)).passed
    assert not gates.fast(estimate, Limits(max_latency_ms=1.6)).passed
    gate = gates.fast(None, Limits(max_latency_ms=1.0))
    assert "Not judged" in gate.reasons[0]
