"""What works on a machine is tried: what is missing or broken is told from what works."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from tinsmith.build.toolchain import TOOLCHAINS, Found, Toolchain
from tinsmith.cli.main import call
from tinsmith.core.errors import MissingTool, UserError
from tinsmith.core.progress import SILENT
from tinsmith.flow import doctor


def test_packages_are_told_by_extra() -> None:
    rows = [
        "numpy>=1.26", "pytest>=8; extra == 'dev'", 'no_such_a>=1; extra == "train"',
        "numpy; extra == 'train'", "no-such-b; extra == 'odd'",
    ]  # fmt: skip
    base, train, odd = doctor.packages(rows)
    assert (base.name, base.state, base.hint) == ("python packages", "works", "")
    assert base.needed and base.found.startswith("numpy ")
    assert (train.name, train.state, train.needed) == ("train", "missing", False)
    assert train.found.endswith("; not installed: no_such_a")
    assert train.hint == "pip install 'tinsmith[train]'"
    assert (odd.found, odd.purpose) == ("not installed: no-such-b", "a plug-in")


def chain_of(*command: str) -> Toolchain:
    return replace(TOOLCHAINS.get("zig"), find=lambda: Found(command, "odd 1.0"))


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("/nowhere/cc",), "/nowhere/cc does not run"),
        (("/bin/sh", "-c", "echo wrong >&2; exit 3"), "odd 1.0 does not compile for .*: wrong"),
        (("/bin/sh", "-c", "exit 0"), "odd 1.0 does not compile for"),
    ],
)
def test_a_compiler_that_does_not_compile_is_broken(
    command: Sequence[str], says: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=says) as e:
        doctor.compiles(chain_of(*command), tmp_path, SILENT)
    assert "do without every board" in e.value.hint


def test_what_came_of_trying() -> None:
    def fails(error: Exception) -> str:
        raise error

    works = doctor.tried("zig", lambda: "zig 1")
    assert (works.state, works.found, works.hint) == ("works", "zig 1", "")
    missing = doctor.tried("qemu", lambda: fails(MissingTool("qemu-system-arm", "apt install it")))
    assert (missing.state, missing.hint) == ("missing", "apt install it")
    broken = doctor.tried("cache", lambda: fails(UserError("a.b", "It is full.", "Make room.")))
    assert (broken.state, broken.found, broken.hint) == ("broken", "It is full.", "Make room.")


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.room(tmp_path).startswith(f"{tmp_path}, ")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=2e8))
    with pytest.raises(UserError, match=r"has 0\.2 GB left; 1 GB are wanted"):
        doctor.room(tmp_path)


def test_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    """What is needed decides the exit code, what is optional does not."""
    rows = [doctor.Finding("qemu", "missing", "qemu is not installed.", "boards", "apt install")]
    monkeypatch.setattr(doctor, "examined", lambda cache, job: iter(rows))
    assert call(["doctor"]) == 0
    assert "qemu (optional): qemu is not installed.\n  apt install" in capsys.readouterr().out
    rows.append(doctor.Finding("zig", "broken", "zig does not run.", "boards", "Install it again."))
    assert call(["doctor"]) == 2
    said = capsys.readouterr().out
    assert said.index("zig (needed)") < said.index("qemu (optional)")
    assert call(["doctor", "--json"]) == 2
    record = json.loads(capsys.readouterr().out)
    assert [(r["name"], r["needed"]) for r in record["findings"]] == [
        ("qemu", False), ("zig", True)
    ]  # fmt: skip
    assert record["machine"]["Python"]


def test_this_machine_has_what_the_tests_need(tmp_path: Path) -> None:
    found = {f.name: f for f in doctor.examined(tmp_path, SILENT)}
    assert all(found[name].state == "works" for name in doctor.NEEDED)
    assert set(found) >= {"train", "emulate", "arm_gcc", "unicorn", "qemu", "host"}
