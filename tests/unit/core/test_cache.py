"""The cache serves whole entries only, whatever happens to the folder."""

import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tinsmith.core.cache import Cache, code_fingerprint
from tinsmith.core.store import LocalStore, write_atomically


@dataclass(frozen=True)
class Result:
    x: int


def entry(cache: Cache, *inputs: object) -> Path:
    assert isinstance(cache.store, LocalStore)
    return cache.store.folder / "step" / cache.key("step", *inputs)


def test_the_second_time_is_served(tmp_path: Path) -> None:
    cache = Cache(LocalStore(tmp_path), "code")
    assert cache.step("step", Result, (1,), lambda: Result(7)) == (Result(7), False)
    assert cache.step("step", Result, (1,), lambda: pytest.fail("computed again")) == (
        Result(7),
        True,
    )


def test_other_input_step_or_code_computes(tmp_path: Path) -> None:
    cache = Cache(LocalStore(tmp_path), "code")
    keys = {cache.key("step", 1), cache.key("step", 2), cache.key("other", 1)}
    keys |= {Cache(LocalStore(tmp_path), "new").key("step", 1), cache.key("step", 1, None)}
    assert len(keys) == 5


@pytest.mark.parametrize("damage", ["empty", "cut", "garbage", "other"])
def test_a_damaged_entry_is_recomputed(tmp_path: Path, damage: str) -> None:
    cache = Cache(LocalStore(tmp_path), "code")
    cache.step("step", Result, (1,), lambda: Result(7))
    path = entry(cache, 1)
    good = path.read_bytes()
    bad = {"empty": b"", "cut": good[: len(good) // 2], "garbage": b"\xff" * 300, "other": b"PK"}
    path.write_bytes(bad[damage])
    assert cache.step("step", Result, (1,), lambda: Result(7)) == (Result(7), False)
    assert path.read_bytes() == good


def test_a_failed_step_leaves_nothing(tmp_path: Path) -> None:
    cache = Cache(LocalStore(tmp_path), "code")

    def interrupted() -> Result:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.step("step", Result, (1,), interrupted)
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_concurrent_writers_leave_one_whole_entry(tmp_path: Path) -> None:
    cache = Cache(LocalStore(tmp_path), "code")
    start = threading.Barrier(8)
    seen: list[Result] = []

    def work() -> None:
        start.wait()
        for n in range(20):
            seen.append(cache.step("step", Result, (n,), partial(Result, n))[0])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(seen) == 160 and {r.x for r in seen} == set(range(20))
    names = [p.name for p in (tmp_path / "step").iterdir()]
    assert len(names) == 20 and not [n for n in names if n.startswith(".part-")]


def test_a_killed_writer_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")
    code = (
        "import os, sys, pathlib; from tinsmith.core import cache; "
        "os.fsync = lambda f: os.kill(os.getpid(), 9); "
        "cache.write_atomically(pathlib.Path(sys.argv[1]), b'new')"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == -9
    assert path.read_bytes() == b"old"


def test_the_fingerprint_sees_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    first = code_fingerprint(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("x")
    assert code_fingerprint(tmp_path) == first
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    second = code_fingerprint(tmp_path)
    (tmp_path / "b.py").write_text("2")
    assert len({first, second, code_fingerprint(tmp_path)}) == 3


@pytest.mark.parametrize("other", ["numpy", "torch", "capstone", "ziglang"])
def test_the_fingerprint_sees_the_versions_of_what_tinsmith_declares(
    other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tinsmith.core import cache

    package = Path(cache.__file__).parents[1]
    before, found = code_fingerprint(package), cache.version
    monkeypatch.setattr(cache, "version", lambda n: "99" if n == other else found(n))
    assert code_fingerprint(package) != before


@pytest.mark.parametrize(("group", "seen"), [("tinsmith.dsp.blocks", True), ("other", False)])
def test_the_fingerprint_sees_plug_ins(
    group: str, seen: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tinsmith.core import cache

    package = Path(cache.__file__).parents[1]
    before = code_fingerprint(package)
    info = tmp_path / "hum-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hum\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\nhum = hum:BLOCK\n")
    monkeypatch.syspath_prepend(tmp_path)
    first = code_fingerprint(package)
    assert (first != before) == seen
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hum\nVersion: 1.1\n")
    assert (code_fingerprint(package) != first) == seen
