"""Boards and cores: facts that every other part relies on."""

from dataclasses import replace
from itertools import pairwise

import pytest

from tinsmith.bench.cycle_table import CYCLE_TABLES, table_for
from tinsmith.bench.runner import RUNNERS, runners_for
from tinsmith.build.toolchain import toolchains_for
from tinsmith.core.errors import InternalError, UnknownKind, UserError
from tinsmith.devices.board import BOARDS, cores, parse_board

MINIMAL = """
name = "n"
core = "cortex-m0plus"
clock_mhz = 1
sources = ["s"]

[[memory]]
name = "flash"
role = "flash"
origin = 0x08000000
bytes = 65536

[[memory]]
name = "ram"
role = "ram"
origin = 0x20000000
bytes = 16384
"""
BOTH = (("zig", "arm_gcc"), ("unicorn", "qemu"))
SERVED = {
    "cortex-m0plus": BOTH, "cortex-m3": BOTH, "cortex-m4f": BOTH, "cortex-m7f": BOTH,
    "cortex-m33f": BOTH, "cortex-m55": (("zig", "arm_gcc"), ("qemu",)),
    "rv32imc": (("zig",), ("unicorn", "qemu")), "host": (("zig",), ("host",)),
}  # fmt: skip
"""Toolchains and runners of the boards with each core, in the order in which they are chosen."""


@pytest.mark.parametrize("name", BOARDS.names())
def test_every_board_is_cited_and_its_memories_do_not_overlap(name: str) -> None:
    board = BOARDS.get(name)
    assert board.id == name
    assert all(len(s) > 10 for s in (*board.sources, board.core.source))
    spans = sorted((m.origin, m.origin + m.nbytes) for m in board.memories)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert {m.role for m in board.memories} >= ({"flash", "ram"} if name != "host" else set())
    ram = board.memory("ram")
    assert ram is None or ram.origin % 4096 == 0  # a stack overflow must leave the memory map


@pytest.mark.parametrize("name", BOARDS.names())
def test_the_tools_that_serve_a_board_say_so_themselves(name: str) -> None:
    board = BOARDS.get(name)
    assert (toolchains_for(board), runners_for(board)) == SERVED[board.core.name]
    assert board.calibration is None or table_for(board) is not None


def test_every_core_is_on_some_board() -> None:
    assert {b.core.name for b in BOARDS.all()} == set(SERVED) == set(cores())


def test_only_a_core_with_a_table_is_calibrated() -> None:
    (table,) = CYCLE_TABLES.all()
    modelled = {b.id for b in BOARDS.all() if table_for(b)}
    assert modelled == {b.id for b in BOARDS.all() if b.core.name == "cortex-m4f"}
    assert {b.id for b in BOARDS.all() if b.calibration} <= modelled
    assert set(table.cores) <= cores().keys()


def test_a_board_that_nothing_serves_says_why() -> None:
    board = parse_board("b", MINIMAL)
    odd = replace(board, core=replace(board.core, name="z80", title="Z80"))
    with pytest.raises(UserError, match="No toolchain compiles for Z80") as e:
        toolchains_for(odd)
    assert e.value.hint == "See `tinsmith board cores`."
    with pytest.raises(UserError, match="unicorn: it has no model of Z80") as e:
        runners_for(odd)
    assert "qemu: no machine of QEMU stands in for Z80" in e.value.message
    assert "host: it runs what is compiled for this computer" in e.value.message


def test_ram_that_the_engine_cannot_watch_goes_to_the_other() -> None:
    board = parse_board("b", MINIMAL.replace("= 16384", "= 16000"))
    assert runners_for(board) == ("qemu",)
    assert "does not begin and end at a multiple of 4096 B" in RUNNERS.get("unicorn").refuses(board)


def test_sums_and_text() -> None:
    board = BOARDS.get("rpi_pico")
    assert (board.flash_bytes, board.ram_bytes) == (2096896, 270336)
    sizes = {
        "nucleo_f103rb": (131072, 20480),
        "nucleo_f746zg": (1048576, 327680),
        "nucleo_u575zi": (2097152, 786432),
        "nrf52840_dk": (1048576, 262144),
        "alif_e7": (5767168, 4194304),
        "nucleo_l476rg": (1048576, 98304),
        "nano33_ble_sense": (983040, 262144),
        "pico2": (4194304, 532480),
        "teensy41": (8126464, 524288),
    }
    for name, want in sizes.items():
        assert (BOARDS.get(name).flash_bytes, BOARDS.get(name).ram_bytes) == want
    assert str(board) == "rpi_pico: Raspberry Pi Pico, Arm Cortex-M0+, 125 MHz"
    assert board.memory("rodata") is None


def test_an_unknown_board_names_its_neighbour() -> None:
    with pytest.raises(UnknownKind, match="Did you mean 'rpi_pico'"):
        BOARDS.get("rpi_pcio")


@pytest.mark.parametrize("change", [("core =", "cor ="), ("sources", "colour"), ("= 1", "= 'x'")])
def test_a_wrong_file_is_our_bug(change: tuple[str, str]) -> None:
    assert parse_board("ok", MINIMAL).clock_hz == 1_000_000
    with pytest.raises(InternalError, match="board bad"):
        parse_board("bad", MINIMAL.replace(*change))
