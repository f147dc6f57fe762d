"""The script of continuous integration: test, then check, every tool required, no shared data no
run."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / ".ci" / "run"


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The script with a `make` that only says what it is asked."""
    tools = folder / "tools"
    tools.mkdir()
    fakes = (
        "git", "gcc", "g++", "cmake", "arm-none-eabi-gcc", "qemu-system-arm", "qemu-system-riscv32",
        "chromium", "make", "python3", "apt-get", "sudo",
    )  # fmt: skip
    for name in fakes:
        (tools / name).write_text(
            f'#!/bin/sh\necho "{name} $* REQUIRE=$REQUIRE"\n[ "$1" != "$FAIL" ]\n'
        )
        (tools / name).chmod(0o755)
    env = {"PATH": f"{tools}:{os.defpath}", **environment}
    return subprocess.run([str(RUN)], env=env, capture_output=True, text=True, check=False)


def test_it_is_executable() -> None:
    assert os.access(RUN, os.X_OK)


def test_it_tests_then_checks_with_every_tool_required(tmp_path: Path) -> None:
    result = run(tmp_path, TINSMITH_SHARED=str(tmp_path))
    assert result.stdout.splitlines() == ["make test REQUIRE=1", "make check REQUIRE=1"]
    assert result.returncode == 0


def test_without_the_shared_data_it_fails_before_anything(tmp_path: Path) -> None:
    result = run(tmp_path, TINSMITH_SHARED=str(tmp_path / "nothing"))
    assert result.returncode == 1 and result.stdout == ""
    assert "shared data is not at" in result.stderr


@pytest.mark.parametrize("target", ["test", "check"])
def test_a_failure_of_either_is_a_failure(tmp_path: Path, target: str) -> None:
    result = run(tmp_path, TINSMITH_SHARED=str(tmp_path), FAIL=target)
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1] == f"make {target} REQUIRE=1"


def test_a_compiler_without_its_library_gets_it(tmp_path: Path) -> None:
    """gcc-arm-none-eabi without newlib, and gcc without libc6-dev: what -E of a header says."""
    result = run(tmp_path, TINSMITH_SHARED=str(tmp_path), FAIL="-E")
    (installed,) = [x for x in result.stdout.splitlines() if "apt-get install" in x]
    assert "-recommends build-essential libnewlib-arm-none-eabi REQUIRE" in installed
    assert result.stdout.splitlines()[-1] == "make check REQUIRE=1"
