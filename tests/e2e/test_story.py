"""The README's story on a copy of the example, with the real command line."""

import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOARDS = ("nucleo_l4r5zi", "rpi_pico")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("story") / "wrist-motion"
    ignore = shutil.ignore_patterns(".tinsmith", "build")
    shutil.copytree(ROOT / "examples" / "wrist-motion", folder, ignore=ignore)
    return folder


def test_story(example: Path, tinsmith: Callable[..., subprocess.CompletedProcess]) -> None:
    first = tinsmith("run", "--project", example)
    assert first.returncode == 0, first.stdout + first.stderr
    for board in BOARDS:
        part = section(first.stdout, board)
        assert re.search(r"test accuracy +\d+\.\d %, 95 % interval \d+\.\d to \d+\.\d %", part)
        assert re.search(r"flash +\d+\.\d kB of 2\.10 MB", part)
        assert re.search(r"RAM with stack +\d+\.\d kB of .* stack\)", part)
        assert re.search(r"instructions +[\d ]+ per inference", part)
        assert "20 of 20 golden vectors equal on host C" in part
        assert f"20 of 20 golden vectors equal on {board}/" in part
        assert "emulated: core and memories, not peripherals" in part
    assert re.search(r"latency +[\d.]+ to [\d.]+ ms", section(first.stdout, "nucleo_l4r5zi"))
    assert "instructions only" in section(first.stdout, "rpi_pico")
    check_outputs(example)
    check_report((example / "build" / "report.html").read_text())
    second = tinsmith("run", "--project", example)
    assert re.search(r"steps +0 executed, \d+ served", second.stdout), second.stdout
    check_commands(example, tinsmith)


def check_outputs(example: Path) -> None:
    """Image, sources, C library and a record whose numbers say how they came about."""
    for board in BOARDS:
        folder = example / "build" / board
        assert (folder / "firmware.elf").read_bytes()[:4] == b"\x7fELF"
        with zipfile.ZipFile(folder / "wrist-c-library.zip") as archive:
            assert any(n.endswith("CMakeLists.txt") for n in archive.namelist())
        record = json.loads((folder / "record.json").read_text())
        found = record["quantities"]
        assert found["flash"]["method"] == found["ram_static"]["method"] == "linked image"
        assert found["stack"]["method"] == "painted, emulated"
        assert found["instructions"]["method"] == "emulated"
        assert found["arena"]["method"] == "planned"
        assert all(q["board"] == board and q["source"] for q in found.values())
        assert record["accepted"]
        assert record["proof"]
        assert all(v["equal"] and v["cases"] == 20 for v in record["proof"])
    estimate = json.loads((example / "build" / "nucleo_l4r5zi" / "record.json").read_text())
    latency = estimate["quantities"]["latency"]
    assert latency["method"] == "estimated"
    assert latency["low"] < latency["value"] < latency["high"]


def check_report(text: str) -> None:
    """Self-contained: nothing is fetched, nothing runs; every part is there."""
    links = re.findall(r'(?:src|href|url)\s*[=(]\s*["\']?([^"\')\s>]+)', text)
    assert all(link.startswith(("#", "data:")) for link in links), links
    assert "<script" not in text
    assert "@import" not in text
    for part in ("data", "training", "accuracy", "proof", "gates", "provenance", *BOARDS):
        assert f'id="{part}"' in text
    assert text.count('role="img"') >= 10


def check_commands(example: Path, tinsmith: Callable[..., subprocess.CompletedProcess]) -> None:
    """Every command that a project has is served from the same cache, as text and as JSON."""
    for command in (("data", "show"), ("train",), ("compile",), ("measure",), ("prove",)):
        done = tinsmith(*command, "--project", example, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)
        assert "executed" not in done.stderr, (command, done.stderr)
        text = tinsmith(*command, "--project", example)
        assert text.returncode == 0, text.stderr
        assert "wrist" in text.stdout or "nucleo_l4r5zi" in text.stdout
    report = tinsmith("report", "--project", example)
    assert report.returncode == 0, report.stderr
    assert "report.html" in report.stdout


def test_commands_without_a_project(tinsmith: Callable[..., subprocess.CompletedProcess]) -> None:
    listed = json.loads(tinsmith("board", "list", "--json").stdout)
    assert {"nucleo_l4r5zi", "rpi_pico"} <= {b["id"] for b in listed}
    assert json.loads(tinsmith("board", "show", "rpi_pico", "--json").stdout)["id"] == "rpi_pico"
    assert "Cortex-M0+" in tinsmith("board", "show", "rpi_pico").stdout
    kinds = json.loads(tinsmith("kinds", "--json").stdout)
    assert {"block", "board", "op", "runner"} <= {row["kind"] for row in kinds}
    assert "fft_length" in tinsmith("kinds", "block", "spectral").stdout


def test_init_from_recordings(
    small: Path, tmp_path: Path, tinsmith: Callable[..., subprocess.CompletedProcess]
) -> None:
    fresh = tmp_path / "fresh-project"
    done = tinsmith("init", fresh, "--from", small / "recordings")
    assert done.returncode == 0, done.stderr
    assert tinsmith("data", "show", "--project", fresh).returncode == 0
    trained = tinsmith("train", "--project", fresh, "--json")
    assert trained.returncode == 0, trained.stderr
    assert json.loads(trained.stdout)["accuracy_float"]["accuracy"]["samples"] > 0
    again = tinsmith("init", fresh)
    assert again.returncode == 2
    assert "exists already" in again.stderr


def section(text: str, board: str) -> str:
    """The part of the output that belongs to a board."""
    found = re.search(rf"^{board} \(.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, text
    return found[0]
