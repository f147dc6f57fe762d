"""What a board would not survive is reported, with address, program counter and function."""

import numpy as np
import pytest
from firmwares import CACHE, image, inputs, mixed, sabotaged

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.build.shared import build_shared
from tinsmith.core.errors import UserError
from tinsmith.devices.board import BOARDS

M4, M0, RV = "nucleo_l4r5zi", "rpi_pico", "esp32_c3"
STEP = "mixed_step_000_first"
ENDLESS = "volatile int on = 1; while (on) { }"


def emulate(board: str, statement: str, **options) -> None:
    module = sabotaged(board, statement)
    found = BOARDS.get(board)
    firmware = build_image(module, found, "zig", BuildOptions(CACHE))
    run(firmware, found, "unicorn", RunOptions(inputs(1), cache=CACHE, **options))


@pytest.mark.parametrize("board", [M4, M0, RV])
def test_a_write_outside_all_memories(board: str) -> None:
    with pytest.raises(UserError, match=f"Write at 0x50000000 on {board}.*{STEP}") as e:
        emulate(board, "*(volatile uint32_t *)0x50000000u = 1;")
    assert e.value.code == "bench.memory"


def test_a_read_just_behind_the_end_of_ram() -> None:
    ram = BOARDS.get(M4).memory("ram")
    with pytest.raises(UserError, match=f"Read at {ram.origin + ram.nbytes:#010x}") as e:
        emulate(M4, f"(void)*(volatile uint8_t *){ram.origin + ram.nbytes:#x}u;")
    assert e.value.code == "bench.memory"


def test_a_write_to_flash() -> None:
    with pytest.raises(UserError, match="Write at 0x08000100") as e:
        emulate(M4, "*(volatile uint32_t *)0x08000100u = 1;")
    assert e.value.code == "bench.memory"


@pytest.mark.parametrize(
    ("board", "code"),
    [(M4, ".hword 0xde00"), (M0, ".word 0xf1f0fb90"), (RV, ".word 0x00000053")],
    ids=["udf", "sdiv on M0+", "fadd.s without F"],
)
def test_an_instruction_that_the_core_does_not_have(board: str, code: str) -> None:
    with pytest.raises(UserError, match=STEP) as e:
        emulate(board, f'__asm__ volatile("{code}");')
    assert e.value.code == "bench.instruction"


def test_an_endless_loop_runs_into_the_time_limit() -> None:
    with pytest.raises(UserError, match=f"did not finish.*{STEP}") as e:
        emulate(M4, ENDLESS, timeout_s=1.0)
    assert e.value.code == "bench.timeout"


def test_a_frame_larger_than_the_stack_overflows_it() -> None:
    text = "volatile uint8_t big[5000]; for (int i = 4999; i >= 0; i--) { big[i] = 1; }"
    with pytest.raises(UserError, match="stack of 4096 B overflowed") as e:
        emulate(M4, text)
    assert e.value.code == "bench.stack-overflow"


UNALIGNED = "(void)*(volatile uint32_t *)(void *)(arena + 1);"


def test_unaligned_accesses_are_seen_where_they_are_looked_for() -> None:
    emulate(M4, UNALIGNED)
    with pytest.raises(UserError, match=f"access on {M4} is not aligned.*{STEP}") as e:
        emulate(M4, UNALIGNED, check_alignment=True)
    assert e.value.code == "bench.alignment"


def test_a_core_that_has_no_unaligned_accesses_faults() -> None:
    with pytest.raises(UserError, match=STEP) as e:
        emulate(M0, UNALIGNED)
    assert e.value.code == "bench.instruction"


def test_a_model_that_does_not_return_0() -> None:
    module = mixed(M4)
    path = "mixed.c"
    text = module.sources[path].replace("    return 0;\n", "    return -7;\n")
    planted = type(module)(**{**module.__dict__, "sources": {**module.sources, path: text}})
    board = BOARDS.get(M4)
    firmware = build_image(planted, board, "zig", BuildOptions(CACHE))
    with pytest.raises(UserError, match="returned -7") as e:
        run(firmware, board, "unicorn", RunOptions(inputs(1), cache=CACHE))
    assert e.value.code == "bench.status"


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("*(volatile uint32_t *)0 = 1;", "bench.memory"),
        (f"arena[{mixed('host').plan.arena_bytes}] = 1;", "bench.memory"),
        (ENDLESS, "bench.timeout"),
    ],
    ids=["crash", "behind the arena", "endless"],
)
def test_the_host_survives_native_faults(statement: str, code: str) -> None:
    board = BOARDS.get("host")
    firmware = build_shared(sabotaged("host", statement), CACHE)
    with pytest.raises(UserError) as e:
        run(firmware, board, "host", RunOptions(inputs(1), timeout_s=2.0))
    assert e.value.code == code


@pytest.mark.parametrize("board", [M4, RV])
def test_qemu_reports_exceptions_as_frames(board: str, require_tool) -> None:
    require_tool("qemu-system-arm" if board == M4 else "qemu-system-riscv32")
    found = BOARDS.get(board)
    code = ".hword 0xde00" if board == M4 else ".word 0x00000053"
    module = sabotaged(board, f'__asm__ volatile("{code}");')
    firmware = build_image(module, found, "zig", BuildOptions(CACHE, port="qemu"))
    with pytest.raises(UserError, match=r"stopped with exception [0-9]+ in case 0") as e:
        run(firmware, found, "qemu", RunOptions(inputs(1), cache=CACHE, timeout_s=20.0))
    assert e.value.code == "bench.exception"


def test_wrong_inputs_boards_and_ports_are_refused_before_anything_runs() -> None:
    firmware, board = image(M4, "zig"), BOARDS.get(M4)
    wrong = {
        "missing": {},
        "dtype": {"x": inputs()["x"].astype("float64")},
        "shape": {"x": inputs()["x"][:, :, :5]},
        "none": {"x": inputs()["x"][:0]},
    }
    for given in wrong.values():
        with pytest.raises(UserError) as e:
            run(firmware, board, "unicorn", RunOptions(given))
        assert e.value.code == "bench.inputs"
    with pytest.raises(UserError, match="is for 'nucleo_l4r5zi', not for 'rpi_pico'"):
        run(firmware, BOARDS.get(M0), "unicorn", RunOptions(inputs()))
    with pytest.raises(UserError, match="cannot run on 'host': it runs what is compiled for this"):
        run(firmware, board, "host", RunOptions(inputs()))
    with pytest.raises(UserError, match="needs an image with port 'qemu'"):
        run(firmware, board, "qemu", RunOptions(inputs()))
    assert isinstance(inputs()["x"], np.ndarray)
