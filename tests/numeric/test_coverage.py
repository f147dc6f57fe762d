"""Which bytes of code were executed: functions, literals among them, and what no step reached."""

from dataclasses import replace

import numpy as np
import pytest
from firmwares import CACHE, image

from tinsmith.bench.coverage import Code
from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.runners.unicorn import call_steps
from tinsmith.bench.step_call import StepCall, by_function
from tinsmith.devices.board import BOARDS


@pytest.mark.parametrize("board", ["nucleo_l4r5zi", "rpi_pico", "esp32_c3"])
def test_every_function_is_known_and_literals_are_no_code(board: str) -> None:
    firmware = image(board, "zig")
    code = Code(firmware.elf, board != "esp32_c3")
    own = {f.name: f for f in code.functions}
    for symbol in (*firmware.module.steps.values(), "mixed_run"):
        assert own[symbol].begin == firmware.symbols[symbol]
        assert 0 < own[symbol].code.sum() <= own[symbol].end - own[symbol].begin
    literals = sum(int((~f.code).sum()) for f in code.functions)
    assert (literals > 0) is (board != "esp32_c3")  # which makes its numbers in code


def test_what_blocks_lie_in_is_executed_and_the_rest_is_named() -> None:
    firmware = image("nucleo_l4r5zi", "zig")
    code = Code(firmware.elf, arm=True)
    first, *others = sorted(firmware.module.steps.values(), key=firmware.symbols.__getitem__)
    f = next(f for f in code.functions if f.name == first)
    whole = f.begin, f.end - f.begin
    assert code.share([whole]) == (int(f.code.sum()),) * 2
    assert code.share([(f.begin, 4), (f.begin + 2, 4)]) == (int(f.code.sum()), 6)
    assert code.share([]) == (0, 0)
    left = list(code.unseen([frozenset([(f.begin, 4)])], but=others[:1]))
    assert f"{first}+0x4..{int(f.code.sum()):#x}" in left
    assert others[0] not in left and set(others[1:]) <= set(left)


def test_a_block_that_runs_into_the_next_function_counts_for_both() -> None:
    code = Code(image("nucleo_l4r5zi", "zig").elf, arm=True)
    pairs = zip(code.functions, code.functions[1:], strict=False)
    a, b = next((a, b) for a, b in pairs if a.end == b.begin)
    seen = code.seen([(a.end - 2, 4)])
    assert {begin: int(own.sum()) for begin, own in seen.items()} == {a.begin: 2, b.begin: 2}


def test_unicorn_tells_the_blocks_of_each_step() -> None:
    firmware, board = image("nucleo_l4r5zi", "zig"), BOARDS.get("nucleo_l4r5zi")
    plan, steps = firmware.module.plan, firmware.module.steps
    held = bytes(plan.arena_bytes), bytes(plan.state_bytes)
    asked = [StepCall(node, *held) for node in (*steps, *steps)]
    found = call_steps(firmware, board, asked, RunOptions({}, cache=CACHE))
    code = Code(firmware.elf, arm=True)
    assert set(found.executed) == {firmware.symbols[s] for s in steps.values()}
    for symbol in steps.values():
        seen = code.seen(found.executed[firmware.symbols[symbol]])
        entered = {f.name for f in code.functions if f.begin in seen}
        assert symbol in entered
        assert not entered & (set(steps.values()) - {symbol})


def test_functions_of_one_name_are_told_apart() -> None:
    """Files may have their own functions of one name."""
    code = Code(image("nucleo_l4r5zi", "zig").elf, arm=True)
    code.functions = [replace(f, name="same") for f in code.functions]
    sizes = {f.end - f.begin for f in code.functions}
    assert len(sizes) > 1
    ends = [(f.begin, f.end - f.begin) for f in code.functions]
    assert code.share(ends) == (sum(int(f.code.sum()) for f in code.functions),) * 2
    assert code.share(ends[:1]) == (int(code.functions[0].code.sum()),) * 2


def test_rows_of_one_function_come_together() -> None:
    rows = np.array([[8, 100, 4], [16, 100, 4], [8, 104, 2], [8, 100, 4]], np.uint64)
    assert by_function(rows) == {8: {(100, 4), (104, 2)}, 16: {(100, 4)}}
