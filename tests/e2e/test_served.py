"""A model file is measured once: the second call is served, whatever asks; what differs is done."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

import numpy as np
import pytest
from firmwares import CACHE
from tflites import dense

BOARD = "rpi_pico"
CALL_S = 1.5
"""Processor time of a call that does nothing again; most of it is Python's start."""


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frozen: dict[str, str]) -> Path:
    """A model file, and a cache of its own that shares what compilers made with all tests."""
    monkeypatch.setitem(frozen, "TINSMITH_CACHE", str(tmp_path / "cache"))
    CACHE.mkdir(parents=True, exist_ok=True)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "objects").symlink_to(CACHE)
    path = tmp_path / "small.tflite"
    path.write_bytes(dense(np.random.default_rng(1)).bytes())
    return path


def used() -> float:
    """Processor time of all children so far, in seconds: a wall clock tells of other work too."""
    found = getrusage(RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


Call = Callable[..., subprocess.CompletedProcess]


def steps(done: subprocess.CompletedProcess) -> list[tuple[str, str]]:
    """How and what, of every step that was told."""
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stderr.splitlines()]
    return [(r[0], r[1]) for r in rows if r[:1] in (["served"], ["executed"])]


def test_the_second_measurement_is_served(model: Path, tinsmith: Call) -> None:
    asked = ("measure", model, "--board", BOARD, "--json")
    first, second = tinsmith(*asked), tinsmith(*asked)
    names = ["import", "compile", "build", "measure"]
    assert steps(first) == [("executed", n) for n in names]
    assert steps(second) == [("served", n) for n in names]
    one, two = json.loads(first.stdout), json.loads(second.stdout)
    assert one.pop("compile_seconds") > two.pop("compile_seconds")
    assert one == two
    before = used()
    tinsmith(*asked)
    assert used() - before < CALL_S
    assert steps(tinsmith(*asked, "--fresh")) == [("executed", n) for n in names]
    assert steps(tinsmith(*asked)) == [("served", n) for n in names]
    other = tinsmith(*asked, "--optimize", "speed")
    assert [how for how, _ in steps(other)] == ["served", "executed", "executed", "executed"]
    np.savez(model.parent / "x.npz", in_0=np.zeros((2, 1, 7), np.int8))
    cases = tinsmith(*asked, "--inputs", model.parent / "x.npz")
    assert [how for how, n in steps(cases) if n == "build"] == ["served"]
    assert json.loads(cases.stdout)["cases"] == 2


def test_kernels_are_pinned_beside_the_model(model: Path, tinsmith: Call) -> None:
    asked = ("measure", model, "--board", BOARD, "--json")
    free = json.loads(tinsmith(*asked).stdout)["kernels"]
    (layer,) = free
    lock = model.with_name("small.tflite.lock")
    lock.write_text(f'[{BOARD}.pinned]\n"{layer}" = "parts"\n')
    apart = json.loads(tinsmith(*asked).stdout)["kernels"]
    assert len(apart) > len(free) and apart[layer] != free[layer]
    assert "chosen" not in lock.read_text()
    named = model.parent / "mine.lock"
    shutil.copy(lock, named)
    assert json.loads(tinsmith(*asked, "--choices", named).stdout)["kernels"] == apart
    assert f'["{BOARD}".chosen]' in named.read_text()
    assert json.loads(tinsmith(*asked, "--choices", named).stdout)["kernels"] == apart
    lock.write_text(f'[{BOARD}.pinned]\n"{layer}" = "ref/softmax_int8"\n')
    wrong = tinsmith(*asked)
    assert wrong.returncode == 2
    error = json.loads(wrong.stderr.splitlines()[-1])["error"]
    assert error["code"] == "codegen.choice"
    assert free[layer] in error["hint"] and "parts" in error["hint"]


def test_a_project_is_run_anew_where_it_is_asked_for(small: Path, tinsmith: Call) -> None:
    counts = []
    for more in ((), ("--fresh",), ()):
        done = tinsmith("run", "--project", small, "--json", *more)
        found = json.loads(done.stdout)
        assert all(b["proof"][0]["equal"] for b in found["boards"])
        counts.append(found["steps"])
    first, anew, again = counts
    assert anew == first and anew["served"] == 0
    assert again == {"executed": 0, "served": first["executed"]}
    done = tinsmith("measure", "--project", small, "--kernels")
    assert "kernel\tinstructions" in done.stdout and "ref/" in done.stdout


def test_a_project_writes_its_kernels(small: Path, tinsmith: Call) -> None:
    done = tinsmith("compile", "--project", small, "--json")
    (built,) = json.loads(done.stdout)
    lock = small / "tinsmith.lock"
    for node, kernel in built["kernels"].items():
        assert f'"{node}" = "{kernel}"' in lock.read_text()
    fused = next(n for n, k in built["kernels"].items() if "dense" in k)
    lock.write_text(lock.read_text() + f'\n["{BOARD}".pinned]\n"{fused}" = "parts"\n')
    (again,) = json.loads(tinsmith("compile", "--project", small, "--json").stdout)
    assert len(again["kernels"]) > len(built["kernels"])
    assert f'"{fused}" = "parts"' in lock.read_text()
