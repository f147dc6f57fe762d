"""The file of a compiled model: what it holds, and how damaged or hostile ones end."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import compile_graph
from tinsmith.codegen.module import InferenceModule
from tinsmith.core import codec
from tinsmith.core.errors import TinsmithError, UserError
from tinsmith.devices.board import BOARDS, Board, Calibration, find_board
from tinsmith.facade import saved
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import TensorType

CHOICES = Choices(
    {"y": "ref/relu_float32"}, "size", levels={"ref/relu_float32": "speed"}, toolchain="zig 1"
)
HOW = saved.How("zig", "unicorn", "size", 2048, CHOICES, False)
OURS = """
name = "Our \\"board\\" – rev. B"
core = "cortex-m0plus"
clock_mhz = 47.972352
notes = "two\\nlines"
sources = ["a", "b"]
calibration = { factor = 1.25, spread = 0.1, source = "us" }
memory = [
    { name = "f", role = "flash", origin = 0x08000000, bytes = 65536 },
    { name = "r", role = "ram", origin = 0x20000000, bytes = 8192 },
]
"""


def relu() -> Graph:
    b = Builder("net")
    return b.build([b.op("relu", b.input("x", TensorType((4,), "float32")), name="y")])


@pytest.fixture(scope="module")
def module() -> InferenceModule:
    return compile_graph(relu(), "rpi_pico")


@pytest.fixture
def ours(tmp_path: Path) -> Board:
    (tmp_path / "ours.toml").write_text(OURS, encoding="utf-8")
    return find_board(str(tmp_path / "ours.toml"))


def written(tmp_path: Path, record: saved.Record) -> Path:
    path = tmp_path / "net.tsc"
    path.write_bytes(saved.dumps(record))
    return path


def test_round_trip(tmp_path: Path, module: InferenceModule) -> None:
    record = saved.record(relu(), "net.onnx", BOARDS.get("rpi_pico"), HOW, module)
    kept = saved.read(written(tmp_path, record))
    assert (kept.graph.name, kept.origin, kept.how, kept.board) == (
        "net", "net.onnx", HOW, "rpi_pico",
    )  # fmt: skip
    assert saved.board_of(kept) == BOARDS.get("rpi_pico")
    saved.check_same(kept, module, tmp_path)


def test_no_c_and_no_machine_code_are_in_it(tmp_path: Path, module: InferenceModule) -> None:
    """Whoever hands a file to another cannot make him run anything."""
    record = saved.record(relu(), "net.onnx", BOARDS.get("rpi_pico"), HOW, module)
    data = saved.dumps(record)
    assert b"#include" not in data
    assert b"ELF" not in data


def test_a_users_own_board_travels_as_its_toml(
    tmp_path: Path, module: InferenceModule, ours: Board
) -> None:
    kept = saved.read(written(tmp_path, saved.record(relu(), "x", ours, HOW, module)))
    assert saved.board_of(kept) == ours
    assert isinstance(ours.calibration, Calibration)


def test_a_board_of_ours_that_was_changed_is_no_board_of_ours(
    module: InferenceModule, ours: Board
) -> None:
    with pytest.raises(UserError, match="is a board that comes with tinsmith"):
        quick = replace(BOARDS.get("rpi_pico"), clock_hz=200_000_000)
        saved.record(relu(), "x", quick, HOW, module)
    odd = replace(ours, core=replace(ours.core, extensions=("dsp",)))
    with pytest.raises(UserError, match="no TOML file says the same"):
        saved.record(relu(), "x", odd, HOW, module)


def test_other_c_is_told(tmp_path: Path, module: InferenceModule) -> None:
    record = saved.record(relu(), "x", BOARDS.get("rpi_pico"), HOW, module)
    kept = saved.read(written(tmp_path, replace(record, version="0.0.7")))
    other = replace(module, sources={**module.sources, "net.c": "int net;"})
    with pytest.raises(UserError, match=r"compiled by tinsmith 0\.0\.7; tinsmith .* other C") as e:
        saved.check_same(kept, other, Path("net.tsc"))
    assert (e.value.code, bool(e.value.hint)) == ("compiled.version", True)


def test_the_suffix_is_asked_for() -> None:
    with pytest.raises(UserError, match=r"net\.zip does not end with \.tsc") as e:
        saved.check_suffix(Path("net.zip"))
    assert "'net.tsc'" in e.value.hint


def test_no_file_and_others_are_refused(tmp_path: Path, module: InferenceModule) -> None:
    with pytest.raises(UserError, match="There is no file"):
        saved.read(tmp_path / "none.tsc")
    record = saved.record(relu(), "x", BOARDS.get("rpi_pico"), HOW, module)
    for data in (
        b"", b"hello", codec.dumps(HOW), saved.dumps(replace(record, format="other")),
        saved.dumps(replace(record, model=b"PK")),
    ):  # fmt: skip
        (tmp_path / "odd.tsc").write_bytes(data)
        with pytest.raises(UserError, match=r"is no file that Compiled\.save wrote") as e:
            saved.read(tmp_path / "odd.tsc")
        assert e.value.code == "compiled.file"


def test_damaged_files_never_end_in_another_error(
    tmp_path: Path, module: InferenceModule, rng: np.random.Generator
) -> None:
    whole = saved.dumps(saved.record(relu(), "x", BOARDS.get("rpi_pico"), HOW, module))
    path = tmp_path / "net.tsc"
    for _ in range(60):
        data = bytearray(whole)
        for at in rng.integers(0, len(data), 3):
            data[at] = rng.integers(0, 256)
        path.write_bytes(data[: rng.integers(1, len(data) + 1)])
        try:
            saved.loads(path)
        except UserError as e:
            assert e.code.startswith(("compiled.", "import.tinsmith."))


@pytest.mark.parametrize("board", ["../../etc/passwd", "rpi_picco", ""])
def test_a_board_that_is_none_is_refused(
    tmp_path: Path, module: InferenceModule, board: str
) -> None:
    record = saved.record(relu(), "x", BOARDS.get("rpi_pico"), HOW, module)
    for text in ("", "name = 3"):
        changed = replace(record, board=board, board_text=text)
        with pytest.raises(TinsmithError) as e:
            saved.board_of(saved.read(written(tmp_path, changed)))
        assert isinstance(e.value, UserError)
