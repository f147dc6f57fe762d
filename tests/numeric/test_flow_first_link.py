"""The first link for a core is explained, once, and only where a runtime is compiled for it."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from firmwares import CACHE, mixed_graph

from tinsmith.codegen.compile import compile_graph
from tinsmith.core.errors import UserError
from tinsmith.core.job import Job
from tinsmith.core.progress import Silent
from tinsmith.devices.board import BOARDS
from tinsmith.flow.first_link import explained
from tinsmith.flow.journal import Nobody
from tinsmith.flow.model import MeasureOptions, measure_model
from tinsmith.flow.open import open_project
from tinsmith.flow.package import PackageOptions, package_model
from tinsmith.flow.start import begin
from tinsmith.ir.store import dumps


def core(board: str):  # type: ignore[no-untyped-def]
    return BOARDS.get(board).core


def test_it_is_said_once_for_each_core(tmp_path: Path) -> None:
    said: list[str] = []
    for board in ("rpi_pico", "rpi_pico", "nucleo_l4r5zi", "nrf52840_dk"):
        with explained(core(board), "zig", tmp_path, said.append):
            pass
    assert len(said) == 2  # both M4 boards have one core
    assert "first build for Arm Cortex-M0+" in said[0] and "Cortex-M4" in said[1]


def test_a_link_that_fails_was_not_the_first(tmp_path: Path) -> None:
    said: list[str] = []
    for _ in range(2):
        with (
            pytest.raises(ZeroDivisionError),
            explained(core("host"), "zig", tmp_path, said.append),
        ):
            raise ZeroDivisionError
    assert len(said) == 2


def test_a_toolchain_with_a_runtime_of_its_own_has_nothing_to_explain(tmp_path: Path) -> None:
    said: list[str] = []
    with explained(core("rpi_pico"), "arm_gcc", tmp_path, said.append):
        pass
    assert said == [] and list(tmp_path.iterdir()) == []
    unknown = replace(core("rpi_pico"), name="z80")
    with (
        pytest.raises(UserError, match="does not compile for"),
        explained(unknown, "zig", tmp_path, said.append),
    ):
        pass


class Noting(Nobody):
    """A listener that keeps notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def noted(self, text: str) -> None:
        self.notes.append(text)


def with_compiled(objects: Path) -> None:
    """What compilers keep is that of all tests; that a link was done is not known yet."""
    objects.mkdir(parents=True, exist_ok=True)
    for kept in ("zig", "objects"):
        (CACHE / kept).mkdir(parents=True, exist_ok=True)
        (objects / kept).symlink_to(CACHE / kept)


def test_measuring_and_packaging_explain_it(tmp_path: Path) -> None:
    (tmp_path / "m.tinsmith").write_bytes(dumps(mixed_graph()))
    asked = (
        (measure_model, MeasureOptions("rpi_pico", cache=tmp_path / "one")),
        (package_model, PackageOptions(("slot_module", "c_library"), tmp_path, board="rpi_pico",
                                       cache=tmp_path / "two")),
    )  # fmt: skip
    for (work, options), notes in product(asked, (1, 0)):
        if notes:
            with_compiled(options.cache / "objects")
        heard = Noting()
        work(tmp_path / "m.tinsmith", options, Job(listener=heard))
        assert len(heard.notes) == notes
        assert all("Cortex-M0+" in text for text in heard.notes)


def test_a_project_explains_it(tmp_path: Path) -> None:
    begin(tmp_path, [], [], Silent())
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "a.csv").write_text("")
    heard = Noting()
    steps = open_project(tmp_path, heard, tmp_path / "user")
    with_compiled(steps.objects)
    for board in ("host", "rpi_pico", "rpi_pico"):
        steps.build(compile_graph(mixed_graph(), board), BOARDS.get(board))
    cores = [core(board).title for board in ("host", "rpi_pico")]
    assert [c in text for c, text in zip(cores, heard.notes, strict=True)] == [True, True]
