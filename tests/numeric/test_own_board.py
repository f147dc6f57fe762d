"""A user's own board is taken wherever a board is named, and its content is what counts."""

from dataclasses import replace
from pathlib import Path

import pytest
from firmwares import CACHE, mixed_graph

from tinsmith.core.errors import UserError
from tinsmith.core.progress import Silent
from tinsmith.devices.board import BOARDS, find_board
from tinsmith.flow.journal import Nobody, StepRecord
from tinsmith.flow.model import MeasureOptions, measure_model
from tinsmith.flow.model_compare import compare_model
from tinsmith.flow.open import open_project
from tinsmith.flow.package import PackageOptions, package_model
from tinsmith.flow.parts import chosen
from tinsmith.flow.start import begin
from tinsmith.ir.store import dumps

OURS = """
name = "Our board"
core = "cortex-m4f"
clock_mhz = 168

[[memory]]
name = "flash"
role = "flash"
origin = 0x08010000
bytes = 65536

[[memory]]
name = "sram"
role = "ram"
origin = 0x20000000
bytes = 16384
"""


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    path = tmp_path / "ours.toml"
    path.write_text(OURS)
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "m.tinsmith"
    path.write_bytes(dumps(mixed_graph()))
    return path


def test_a_model_file_runs_on_it(ours: Path, model: Path) -> None:
    options = MeasureOptions(str(ours), cache=CACHE.parent)
    found = measure_model(model, options)
    known = measure_model(model, replace(options, board="nucleo_l4r5zi"))
    assert (found.outcome.runner, found.outcome.method) == ("unicorn", "emulated")
    ours_is, theirs = (m.figures for m in (found, known))
    assert ours_is.board == "ours"
    assert ours_is.instructions.value == theirs.instructions.value  # one core
    assert "cycles" in theirs.quantities and "cycles" not in ours_is.quantities  # not calibrated
    assert ours_is.flash.board == "ours"
    assert compare_model(model, options).first is None


def test_what_does_not_fit_it_is_refused(ours: Path, model: Path) -> None:
    ours.write_text(OURS.replace("= 65536", "= 1024"))
    with pytest.raises(UserError, match=r"does not fit ours: needs .* of flash, has 1024 B") as e:
        measure_model(model, MeasureOptions(str(ours), cache=CACHE.parent))
    assert e.value.hint.startswith("Boards with enough memory: nrf52_dk, ")  # of the same core


def test_a_package_is_linked_for_it(ours: Path, model: Path, tmp_path: Path) -> None:
    kinds = ("slot_module", "c_library")
    packed = package_model(
        model, PackageOptions(kinds, tmp_path / "out", board=str(ours), cache=CACHE.parent)
    )
    assert [(p.board, p.path.exists()) for p in packed] == [("ours", True)] * 2


class Heard(Nobody):
    """Keeps what was done anew."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def finished(self, record: StepRecord) -> None:
        if not record.served:
            self.done.append(record.name)


def test_a_project_names_it_and_its_content_is_in_the_keys(tmp_path: Path) -> None:
    begin(tmp_path, [], [], Silent())
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "a.csv").write_text("")
    (tmp_path / "boards").mkdir()
    file, project = tmp_path / "boards" / "ours.toml", tmp_path / "project.toml"
    said = project.read_text()
    names = next(line for line in said.splitlines() if line.startswith("boards"))
    project.write_text(said.replace(names, 'boards = ["boards/ours.toml", "host"]'))

    def work(text: str) -> list[str]:
        file.write_text(text)
        heard = Heard()
        steps = open_project(tmp_path, heard, CACHE.parent)
        board, host = steps.project.boards
        assert (board.id, host) == ("ours", BOARDS.get("host"))
        assert chosen(steps, ["ours"]) == chosen(steps, [str(file)]) == (board,)
        steps.build(steps.compile(mixed_graph(), board), board)
        return heard.done

    assert work(OURS) == ["compile ours", "build ours"]
    assert work(OURS) == []
    assert work(OURS.replace("= 16384", "= 32768")) == ["compile ours", "build ours"]
    with pytest.raises(UserError, match="core 'cortex-m4' is unknown"):
        work(OURS.replace("m4f", "m4"))
    with pytest.raises(UserError, match=r"ours\.toml cannot be read"):
        find_board("ours.toml", tmp_path)
