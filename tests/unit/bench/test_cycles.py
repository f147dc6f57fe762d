"""The cycle table of Cortex-M4 on hand-assembled blocks, and what a calibration makes of it."""

from dataclasses import replace

import numpy as np
import pytest

from tinsmith.bench.cycles_of import (
    ModelCycles,
    calibrated,
    cycles_of_all,
    latency,
    model_cycles,
    uncalibrated,
)
from tinsmith.bench.outcome import Outcome
from tinsmith.core.quantity import Estimated
from tinsmith.devices.board import BOARDS, Board

capstone = pytest.importorskip("capstone")

CASES = {
    "add r0, r0, r1": ("4018", 1, 1),
    "mul r0, r1, r0": ("4843", 1, 1),
    "ldr r0, [r1]": ("0868", 2, 1),
    "two loads overlap": ("08684a68", 3, 1),
    "a load that needs the other's result waits": ("09680968", 4, 1),
    "str r0, [r1]": ("0860", 1, 1),
    "str r0, [r1, r2]": ("8850", 2, 1),
    "push {r4, r5, lr}": ("30b5", 4, 1),
    "pop {r4, r5, pc}": ("30bd", 4, 2),
    "sdiv r0, r0, r1": ("90fbf1f0", 6, 1),
    "vmla.f32 s0, s1, s2": ("00ee810a", 3, 1),
    "vdiv.f32 s0, s1, s2": ("80ee810a", 14, 1),
    "bx lr": ("7047", 1, 2),
    "it folds into a 16-bit neighbour": ("401808bf4018", 2, 1),
}


@pytest.mark.parametrize("name", CASES)
def test_a_block_costs_what_the_manual_says(name: str) -> None:
    code, cycles, jump = CASES[name]
    from tinsmith.bench.cycles.cortex_m4 import block_cost

    assert block_cost(bytes.fromhex(code), 0x08000000) == (cycles, jump)


def test_cycles_are_costs_times_counts_plus_taken_branches() -> None:
    code = bytes.fromhex("40187047")
    rows = np.array([[0x08000000, 4, 2, 10, 4, 0]], "<u8")
    found = model_cycles(BOARD, [(0x08000000, code)], [rows], 1)
    assert found == ModelCycles((10 * 2 + 4 * 2,), (10 * 2 + 4 * 2,))


def test_cycles_are_told_by_step() -> None:
    """The same block in two steps; the second case does not tell steps apart."""
    code = bytes.fromhex("40187047")
    first = [[0x08000000, 4, 2, 10, 4, 0], [0x08000000, 4, 2, 3, 0, 2]]
    tables = [np.array(first, "<u8"), np.array([[0x08000000, 4, 2, 13, 4, 0]], "<u8")]
    found = model_cycles(BOARD, [(0x08000000, code)], tables, 3)
    assert found == ModelCycles((28 + 6, 26 + 8), (28, 0, 6))
    (told,) = uncalibrated(BOARD, (34,))
    assert (told.value, told.text) == (34, "34 cycles") and "0 wait states" in told.source


BOARD = BOARDS.get("nucleo_l4r5zi")


def outcome(cycles: tuple[int, ...] | None, board: Board = BOARD) -> Outcome:
    found = calibrated(board, cycles)
    return Outcome("unicorn", "1", "emulated", board.id, {}, cycles=found)


def test_latency_is_an_estimate_with_the_boards_range() -> None:
    found = latency(outcome((1_000_000, 3_000_000)), BOARD)
    assert isinstance(found, Estimated)
    assert (found.unit, found.samples) == ("ms", 2)
    assert found.value == pytest.approx(2e6 * 1.34 / 120e6 * 1e3)
    slow, fast = (n * 1.34 / 120e6 * 1e3 for n in (3e6, 1e6))  # the slowest case counts, too
    assert (found.low, found.high) == pytest.approx((fast * 0.85, slow * 1.15))
    assert "MLPerf" in found.source


def test_cycles_of_a_calibrated_board_are_a_range_over_all_cases() -> None:
    low, high = 1_000_000 * 1.34 * 0.85, 3_000_000 * 1.34 * 1.15
    found = cycles_of_all(outcome((3_000_000, 1_000_000)))
    assert isinstance(found, Estimated)
    assert (found.low, found.high) == (round(low), round(high))
    assert (found.unit, found.samples, found.board) == ("cycles", 2, BOARD.id)
    assert cycles_of_all(outcome(None)) is None


def test_without_a_table_or_a_calibration_there_are_instructions_only() -> None:
    bare = replace(BOARD, calibration=None)
    assert latency(outcome(None), BOARD) is None
    assert (calibrated(bare, (5,)), cycles_of_all(outcome((5,), bare))) == (None, None)
    assert latency(outcome((5,), bare), bare) is None
    assert model_cycles(BOARDS.get("rpi_pico"), [], [], 0) is None
