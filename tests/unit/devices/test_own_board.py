"""A user's own board: a TOML file; every mistake names file, key and what is allowed."""

import re
from pathlib import Path

import pytest

from tinsmith.core.codec import content_hash
from tinsmith.core.errors import UnknownKind, UserError
from tinsmith.devices.board import BOARDS, find_board

GOOD = """
name = "Our board"
core = "cortex-m4f"
clock_mhz = 168
sources = ["schematic, revision C"]

[[memory]]
name = "flash"
role = "flash"
origin = 0x08000000
bytes = 1048576

[[memory]]
name = "sram"
role = "ram"
origin = 0x20000000
bytes = 131072
"""
MORE = """
[[memory]]
name = "more"
role = "ram"
origin = 0x20020000
bytes = 4096
"""
MISTAKES = {
    "no toml": ("= 168", "= = 168", "toml.syntax", "this is not valid TOML"),
    "unknown key": (
        "clock_mhz", "clock_mHz", "toml.key",
        "key 'clock_mHz' is unknown. Did you mean 'clock_mhz'?",
    ),
    "what tools know": (
        "sources", "toolchains", "toml.key", "key 'toolchains' is unknown",
    ),
    "no name": ('name = "Our board"', "", "toml.key", "name is missing; allowed is a text"),
    "name of another type": ('"Our board"', "7", "toml.value", "name is 7; allowed is a text"),
    "no core": ('core = "cortex-m4f"', "", "toml.key", "core is missing"),
    "unknown core": (
        '"cortex-m4f"', '"cortex-m4"', "toml.value",
        "core 'cortex-m4' is unknown. Did you mean 'cortex-m4f'?",
    ),
    "this computer": ('"cortex-m4f"', '"host"', "toml.value", "which is this computer"),
    "no clock": ("clock_mhz = 168", "", "toml.key", "clock_mhz is missing"),
    "clock of 0": ("= 168", "= 0", "toml.value", "clock_mhz is 0; allowed is a number of MHz from"),
    "clock in Hz": ("= 168", "= 168000000", "toml.value", "from 0.001 to 10000"),
    "clock as text": ("= 168", '= "168"', "toml.value", "clock_mhz is '168'; allowed is a number"),
    "no clock at all": ("= 168", "= nan", "toml.value", "clock_mhz is nan"),
    "sources as text": (
        '["schematic, revision C"]', '"C"', "toml.value", "sources is 'C'; allowed is a list",
    ),
    "memory of no table": (
        '[[memory]]\nname = "flash"', '[memory]\nname = "flash"', "toml.syntax", "not valid TOML",
    ),
    "unknown role": (
        '"ram"', '"rom"', "toml.value",
        "memory[1].role is 'rom'; allowed is 'flash' or 'rodata' or 'ram'",
    ),
    "no flash": ('role = "flash"', 'role = "rodata"', "toml.value", "none has role 'flash'"),
    "no ram": ('role = "ram"', 'role = "rodata"', "toml.value", "none has role 'ram'"),
    "no role": ('role = "ram"', "", "toml.key", "memory[1].role is missing"),
    "size as text": ("131072", '"128k"', "toml.value", "memory[1].bytes is '128k'; allowed is"),
    "size of 0": ("131072", "0", "toml.value", "memory[1].bytes is 0; allowed is a whole"),
    "negative origin": ("0x08000000", "-1", "toml.value", "memory[0].origin is -1; allowed is a"),
    "origin behind the end": (
        "0x20000000", "0x100000000", "toml.value", "allowed is an address from 0 to 0xffffffff",
    ),
    "over the end": (
        "0x20000000", "0xffff0000", "toml.value", "allowed is at most 65536 from 0xffff0000",
    ),
    "overlap": (
        "0x20000000", "0x08080000", "toml.value",
        "memory 'sram' begins at 0x8080000, inside 'flash', which ends at 0x8100000",
    ),
    "unknown key of memory": (
        "bytes = 131072", "size = 131072", "toml.key", "key 'memory[1].size' is unknown",
    ),
    "calibration without a source": (
        'sources = ["schematic, revision C"]', "calibration = {factor = 1.0, spread = 0.1}",
        "toml.key", "calibration.source is missing",
    ),
    "calibration without a range": (
        'sources = ["schematic, revision C"]',
        'calibration = {factor = 1, spread = 0, source = "s"}',
        "toml.value", "calibration.spread is 0; allowed is a share above 0 and below 1",
    ),
}  # fmt: skip


def written(folder: Path, text: str, name: str = "ours.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_file_is_a_board(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    board = find_board(str(path))
    assert (board.id, board.name, board.clock_hz) == ("ours", "Our board", 168_000_000)
    assert (board.flash_bytes, board.ram_bytes, board.core.name) == (1048576, 131072, "cortex-m4f")
    assert find_board("ours.toml", tmp_path) == board
    assert find_board("rpi_pico", tmp_path) == BOARDS.get("rpi_pico")


def test_its_content_counts_not_its_name(tmp_path: Path) -> None:
    """What a step depends on is the board, so another clock is another result."""
    one = find_board(str(written(tmp_path, GOOD)))
    two = find_board(str(written(tmp_path, GOOD.replace("168", "100"))))
    assert one.id == two.id
    assert content_hash(one) != content_hash(two)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_names_file_key_and_what_is_allowed(tmp_path: Path, mistake: str) -> None:
    old, new, code, says = MISTAKES[mistake]
    assert GOOD.count(old) == 1 or mistake == "unknown key"
    path = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(UserError, match=re.escape(says)) as e:
        find_board(str(path))
    assert e.value.code == code
    assert e.value.message.startswith(f"{path}: ")
    assert len(str(e.value).splitlines()) <= 5


def test_two_memories_of_a_role_and_none_at_all(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape("memory[2].role is 'ram' again")) as e:
        find_board(str(written(tmp_path, GOOD + MORE)))
    assert "end to end" in e.value.hint
    with pytest.raises(UserError, match="there is no memory; allowed are tables"):
        find_board(str(written(tmp_path, GOOD.partition("[[memory]]")[0])))


def test_an_unknown_core_names_the_command_that_lists_them(tmp_path: Path) -> None:
    with pytest.raises(UserError) as e:
        find_board(str(written(tmp_path, GOOD.replace("cortex-m4f", "m4"))))
    assert "tinsmith board cores" in e.value.hint and "cortex-m0plus" in e.value.hint


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("rpi_pico.toml", "is a board that comes with tinsmith"),
        ("our board.toml", "is no id of a board; allowed are up to 64 letters"),
        (".toml", "is no id of a board"),
    ],
)
def test_a_name_that_cannot_be_an_id(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(UserError, match=says) as e:
        find_board(str(written(tmp_path, GOOD, name)))
    assert e.value.code == "board.id" and e.value.hint.startswith("Rename the file")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path / "folder.toml", tmp_path / "latin.toml"):
        if path.stem == "folder":
            path.mkdir()
        if path.stem == "latin":
            path.write_bytes(b'name = "\xfc"')
        with pytest.raises(UserError, match=re.escape(f"board file {path} cannot be read")) as e:
            find_board(str(path))
        assert e.value.code == "board.file"


def test_an_id_that_is_unknown() -> None:
    with pytest.raises(UnknownKind, match="Did you mean 'rpi_pico'"):
        find_board("rpi_pcio")
