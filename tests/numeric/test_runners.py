"""What is missing or too new is said by name, and every runner says what it is."""

from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from firmwares import CACHE, image, inputs, mixed

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.bench.runner import RUNNERS
from tinsmith.build.shared import build_shared
from tinsmith.core.errors import UserError
from tinsmith.devices.board import BOARDS
from tinsmith.ir.interp import run_cases


@pytest.mark.parametrize("reset_each", [True, False])
def test_the_host_computes_what_the_reference_does(reset_each: bool) -> None:
    board = BOARDS.get("host")
    firmware = build_shared(mixed("host"), CACHE)
    options = RunOptions(inputs(), trace=True, reset_each=reset_each)
    outcome = run(firmware, board, "host", options)
    want = run_cases(firmware.module.graph, inputs(), reset_each)
    assert outcome.trace is not None
    for name, got in {**outcome.trace, **outcome.outputs}.items():
        np.testing.assert_array_equal(got, want[name])
    assert (outcome.method, outcome.instructions, outcome.stack) == ("native", None, None)


def test_firmware_and_outcome_print_themselves_in_a_line() -> None:
    firmware = image("nucleo_l4r5zi", "zig")
    text = str(firmware)
    assert text.startswith("mixed for nucleo_l4r5zi (bare), zig ")
    assert "image, flash " in text
    outcome = run(firmware, BOARDS.get("nucleo_l4r5zi"), "unicorn", RunOptions(inputs(2)))
    assert str(outcome).startswith("2 cases on nucleo_l4r5zi (unicorn ")
    assert str(outcome).endswith(f", stack {outcome.stack.text}")


def test_two_shared_objects_are_byte_identical(tmp_path: Path) -> None:
    assert build_shared(mixed("host"), CACHE).elf == build_shared(mixed("host"), tmp_path).elf


def fake_qemu(folder: Path, version: str) -> None:
    for name in ("qemu-system-arm", "qemu-system-riscv32"):
        script = folder / name
        script.write_text(f'#!/bin/sh\necho "QEMU emulator version {version}"\n')
        script.chmod(0o755)


def test_qemu_counts_every_step_as_unicorn_does(require_tool) -> None:
    require_tool("qemu-system-arm")
    board, options = BOARDS.get("nucleo_l4r5zi"), RunOptions(inputs(2), cache=CACHE)
    counted = run(image(board.id, "zig", "qemu"), board, "qemu", options)
    other = run(image(board.id, "zig"), board, "unicorn", options)
    assert counted.layers is not None
    assert other.layers is not None
    assert counted.instructions is not None
    steps = {name: c.value for name, c in counted.layers.items()}
    assert steps == {name: c.value for name, c in other.layers.items()}
    assert sum(steps.values()) == counted.instructions[0].value


def test_qemu_records_no_traces_and_says_who_does(require_tool) -> None:
    require_tool("qemu-system-arm")
    firmware = image("nucleo_l4r5zi", "zig", "qemu")
    with pytest.raises(UserError, match="no traces") as e:
        run(firmware, BOARDS.get("nucleo_l4r5zi"), "qemu", RunOptions(inputs(), trace=True))
    assert "unicorn" in e.value.hint


def worker() -> ModuleType:
    path = RUNNERS.get("unicorn").run.__globals__["_WORKER"]
    spec = spec_from_file_location("unicorn_worker", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("reset_each", [True, False])
def test_a_depth_that_one_paint_hides_is_seen_on_the_other(
    reset_each: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the last case the deepest bytes happen to be what the first paint has there."""
    module = worker()
    painted = module.paints(64)

    class Machine:
        inputs_at = deepest = at = 0
        step_instructions = (7,)
        counter = SimpleNamespace(unaligned=0, unaligned_address=0, unaligned_block=0)

        def __init__(self, request: dict, binary: bytes) -> None:
            self.request = request

        def reset(self, paint: bytes) -> None:
            self.at = 0 if not reset_each else self.at

        def to_begin(self) -> None:
            pass

        def case(self, data: bytes, by_step: bool) -> tuple:
            self.at += 1
            return data, b"", [], 5

        def depth(self, paint: bytes) -> int:
            last = self.at % 3 == 0
            return 64 if last and paint == painted[1] else 24

    monkeypatch.setattr(module, "Machine", Machine)
    request = {"stack": [0, 64], "inputs": [[0, 1]], "cases": 3, "reset_each": reset_each,
               "steps": [0]}  # fmt: skip
    answer, binary = module.run(request, b"abc")
    assert answer["stack"] == 64
    assert (answer["instructions"], answer["layers"], binary) == ([5, 5, 5], [7], b"abc")


def test_ram_that_the_engine_cannot_map_exactly_is_refused() -> None:
    board = BOARDS.get("nucleo_l4r5zi")
    ragged = tuple(
        replace(m, nbytes=m.nbytes - 8) if m.role == "ram" else m for m in board.memories
    )
    with pytest.raises(UserError, match="multiple of 4096 B") as e:
        run(image(board.id, "zig"), replace(board, memories=ragged), "unicorn",
            RunOptions(inputs(1)))  # fmt: skip
    assert (e.value.code, e.value.hint) == ("bench.board", "It has: qemu.")


def test_a_worker_that_hangs_ends_in_a_message_without_an_invented_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = tmp_path / "worker.py"
    hanging.write_text("import time; time.sleep(60)")
    names = RUNNERS.get("unicorn").run.__globals__
    monkeypatch.setitem(names, "_WORKER", hanging)
    monkeypatch.setitem(names, "_GRACE_S", 0.0)
    board = BOARDS.get("nucleo_l4r5zi")
    options = RunOptions(inputs(1), timeout_s=0.5, cache=CACHE)
    with pytest.raises(UserError, match=r"did not finish on nucleo_l4r5zi in the time allowed\."):
        run(image(board.id, "zig"), board, "unicorn", options)
