"""Runners: tools that are not there or another, and the emulator's process, without firmware."""

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from tinsmith.bench.runner import RUNNERS
from tinsmith.core.errors import MissingTool


def fake_qemu(folder: Path, version: str) -> None:
    for name in ("qemu-system-arm", "qemu-system-riscv32"):
        script = folder / name
        script.write_text(f'#!/bin/sh\necho "QEMU emulator version {version}"\n')
        script.chmod(0o755)


def test_a_qemu_whose_plugin_interface_is_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    fake_qemu(tmp_path, "9.2.0")
    with pytest.raises(MissingTool, match=r"4\.2 to 8\.x \(here is 9\.2"):
        RUNNERS.get("qemu").find()
    fake_qemu(tmp_path, "8.0.3 (v8)")
    assert RUNNERS.get("qemu").find() == "qemu-system-arm 8.0.3"


def test_tools_that_are_not_there_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool, match="qemu-system-arm"):
        RUNNERS.get("qemu").find()
    from tinsmith.build.toolchain import TOOLCHAINS

    with pytest.raises(MissingTool, match="arm-none-eabi-gcc"):
        TOOLCHAINS.get("arm_gcc").find()


def test_the_worker_stands_alone() -> None:
    """Its licence holds only while it imports nothing of tinsmith and nothing else loads it."""
    worker = RUNNERS.get("unicorn").run.__globals__["_WORKER"]
    text = worker.read_text()
    assert text.startswith("# SPDX-License-Identifier: MIT")
    imports = [line for line in text.splitlines() if line.startswith(("import", "from"))]
    assert not any("tinsmith" in line for line in imports)


def test_a_damaged_request_ends_the_worker() -> None:
    worker = RUNNERS.get("unicorn").run.__globals__["_WORKER"]
    done = subprocess.run(
        [sys.executable, str(worker)], input=b"TSF1" + bytes(40), capture_output=True, check=False
    )
    assert done.returncode != 0
    assert done.stdout == b""


def worker() -> ModuleType:
    path = RUNNERS.get("unicorn").run.__globals__["_WORKER"]
    spec = spec_from_file_location("unicorn_worker", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_paints_differ_in_every_byte() -> None:
    first, second = worker().paints(4096)
    assert len(first) == len(second) == 4096
    assert all(a != b for a, b in zip(first, second, strict=True))
