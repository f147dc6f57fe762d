"""The real command line in a process of its own, and a small project to run it on."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from firmwares import CACHE

PROJECT = """
name = "small"
seed = 1
boards = ["rpi_pico"]
golden = 4
[data]
sources = ["recordings"]
[signal]
channels = ["acc_x", "acc_y"]
units = "m/s2"
rate_hz = 50
[sensor]
dtype = "int16"
full_scale = 8
[window]
samples = 32
[[block]]
name = "statistics"
[model]
family = "linear"
"""
SOURCES = Path(__file__).parents[2] / "src"
COMMAND = (sys.executable, "-m", "tinsmith.cli")


@pytest.fixture(scope="session")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment that runs a copy of the sources: cache keys hold the code's hash, and an edit
    while the tests run must not look like a cache that does not work. What compilers make is kept
    between runs of the tests, and not in the home of whoever runs them."""
    copy = tmp_path_factory.mktemp("frozen") / "src"
    shutil.copytree(SOURCES, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return {**os.environ, "PYTHONPATH": str(copy), "TINSMITH_CACHE": str(CACHE.parent)}


@pytest.fixture
def tinsmith(frozen: dict[str, str]) -> Callable[..., subprocess.CompletedProcess]:
    """``tinsmith("run", "--project", folder)``: the finished process with its texts."""

    def call(*arguments: object) -> subprocess.CompletedProcess:
        command = [*COMMAND, *map(str, arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=600, check=False, env=frozen
        )

    return call


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project with two classes that trains in a second; of each as many recordings as it takes
    to tell learning from guessing."""
    (tmp_path / "project.toml").write_text(PROJECT)
    (tmp_path / "recordings").mkdir()
    rng = np.random.default_rng(1)
    for label, gain in (("calm", 0.2), ("wild", 3.0)):
        for i in range(40):
            write_csv(tmp_path / "recordings" / f"{label}.{i}.csv", gain * rng.normal(size=(64, 2)))
    return tmp_path


def write_csv(path: Path, values: np.ndarray, rate_hz: float = 50.0) -> None:
    """A recording with a time column; the label is the first part of the file's name."""
    rows = ["time,acc_x,acc_y"]
    for i, (x, y) in enumerate(np.clip(values, -7, 7)):
        rows.append(f"{i / rate_hz:.4f},{x:.5f},{y:.5f}")
    path.write_text("\n".join(rows) + "\n")
