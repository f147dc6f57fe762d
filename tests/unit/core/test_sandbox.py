"""Each limit of the sandbox is hit by a parser that goes wrong in that way."""

import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tinsmith.core.errors import InternalError, UserError
from tinsmith.core.sandbox import SandboxLimits, run, stream


@dataclass(frozen=True)
class Parsed:
    values: np.ndarray
    names: Mapping[str, int]


HOSTILE = """
import ctypes, os, socket, subprocess, sys, time
from pathlib import Path
import numpy as np
from tinsmith.core.errors import UserError
from parsed import Parsed

def parse(path: Path, scale: float) -> Parsed:
    print("noise on stdout"); os.write(1, b"more noise")
    return Parsed(np.frombuffer(path.read_bytes(), np.int8) * np.float32(scale), {"n": 3})
def refuse(text: str) -> Parsed: raise UserError("data.bad", f"bad {text}", "mend it")
def bug() -> Parsed: return [][0]
def memory() -> Parsed: return bytearray(4_000_000_000)
def endless() -> Parsed:
    while True: pass
def asleep() -> Parsed: time.sleep(60)
def leave() -> Parsed: os._exit(3)
def count(n: int, end: str):
    for i in range(n):
        yield Parsed(np.full(1000, i, np.int8), {"n": i})
    if end == "refuse": raise UserError("data.bad", "bad end", "mend it")
    if end == "leave": os._exit(3)
    if end == "large": yield bytes(2_000_000)
    if end == "asleep": time.sleep(60)
def segfault() -> Parsed: ctypes.string_at(0)
def large() -> bytes: return bytes(3_000_000)
def deep(n: int) -> Parsed: return deep(n + 1)
def connect() -> Parsed: socket.create_connection(("127.0.0.1", 9))
def write(path: Path) -> Parsed: path.write_text("x")
def folder(path: Path) -> Parsed: path.mkdir()
def symlink(path: Path) -> Parsed: path.symlink_to("/dev/null")
def open_up(path: Path) -> Parsed: path.chmod(0o777)
def hardlink(path: Path) -> Parsed: path.hardlink_to(__file__)
def start() -> Parsed: subprocess.run(["true"])
def files() -> Parsed: return [open("/dev/null") for _ in range(500)]
def environment() -> tuple[str, ...]: return tuple(sorted(os.environ))
"""


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "hostile.py").write_text(HOSTILE)
    text = "from dataclasses import dataclass\nfrom collections.abc import Mapping\n"
    text += "import numpy as np\n@dataclass(frozen=True)\nclass Parsed:\n"
    text += "    values: np.ndarray\n    names: Mapping[str, int]\n"
    (tmp_path / "parsed.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_a_result_comes_back(hostile: Path) -> None:
    (hostile / "f.bin").write_bytes(bytes([1, 2, 255]))
    got = run("hostile:parse", (hostile / "f.bin", 2), Parsed)
    assert got.values.tolist() == [2, 4, -2] and got.names == {"n": 3}


def test_a_large_result_comes_back(hostile: Path) -> None:
    assert run("hostile:large", (), bytes) == bytes(3_000_000)


def test_the_users_error_comes_back_as_it_is(hostile: Path) -> None:
    with pytest.raises(UserError) as e:
        run("hostile:refuse", ("input",), Parsed)
    assert (e.value.code, e.value.message, e.value.hint) == ("data.bad", "bad input", "mend it")


def test_any_other_exception_is_our_bug_with_its_traceback(hostile: Path) -> None:
    with pytest.raises(InternalError, match=r"(?s)hostile.py.*IndexError"):
        run("hostile:bug", (), Parsed)


SMALL = SandboxLimits(memory_bytes=1_500_000_000, cpu_s=1, wall_s=20, result_bytes=1_000_000)


@pytest.mark.parametrize(
    ("function", "code", "words"),
    [
        ("memory", "sandbox.memory", "1500000000 bytes"),
        ("endless", "sandbox.cpu", "1 s of processor time"),
        ("leave", "sandbox.crash", "exit status 3"),
        ("segfault", "sandbox.crash", "SIGSEGV"),
        ("large", "sandbox.output", "1000000"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="macOS and Windows lack some of these limits")
def test_each_limit_ends_the_child_and_is_named(
    hostile: Path, function: str, code: str, words: str
) -> None:
    with pytest.raises(UserError) as e:
        run(f"hostile:{function}", (), bytes, SMALL)
    assert e.value.code == code and words in e.value.message
    assert "\n" not in str(e.value)


def test_wall_time(hostile: Path) -> None:
    begin = time.monotonic()
    with pytest.raises(UserError, match=r"limit of 1\.5 s") as e:
        run("hostile:asleep", (), Parsed, SandboxLimits(wall_s=1.5))
    assert e.value.code == "sandbox.time" and time.monotonic() - begin < 10


def test_parts_come_before_what_is_left_is_made(hostile: Path) -> None:
    parts = stream("hostile:count", (3, "asleep"), Parsed)
    assert [next(parts).names["n"] for _ in range(3)] == [0, 1, 2]
    parts.close()  # type: ignore[attr-defined]
    found = list(stream("hostile:count", (2, ""), Parsed))
    assert [int(p.values[0]) for p in found] == [0, 1]


@pytest.mark.parametrize(
    ("end", "code"),
    [("refuse", "data.bad"), ("leave", "sandbox.crash"), ("large", "sandbox.output"),
     ("asleep", "sandbox.time")],
)  # fmt: skip
def test_parts_that_came_are_kept_where_the_next_one_fails(
    hostile: Path, end: str, code: str
) -> None:
    limits = SandboxLimits(wall_s=2.5, result_bytes=1_000_000)
    found = []
    with pytest.raises(UserError) as e:
        for part in stream("hostile:count", (2, end), Parsed, limits):
            found.append(part.names["n"])
    assert found == [0, 1] and e.value.code == code


def test_recursion(hostile: Path) -> None:
    with pytest.raises(UserError) as e:
        run("hostile:deep", (0,), Parsed)
    assert e.value.code == "sandbox.recursion"


@pytest.mark.parametrize("function", ["connect", "start", "files"])
def test_what_no_parser_needs_is_refused(hostile: Path, function: str) -> None:
    with pytest.raises(InternalError, match=r"refuses|Too many open files"):
        run(f"hostile:{function}", (), Parsed)


@pytest.mark.parametrize("function", ["write", "folder", "symlink", "hardlink"])
def test_nothing_is_written(hostile: Path, function: str) -> None:
    with pytest.raises(InternalError, match=r"refuses (open|os\.)"):
        run(f"hostile:{function}", (hostile / "new",), Parsed)
    assert not (hostile / "new").is_symlink()
    assert not (hostile / "new").exists()


def test_no_mode_is_changed(hostile: Path) -> None:
    mode = (hostile / "parsed.py").stat().st_mode
    with pytest.raises(InternalError, match=r"refuses os\.chmod"):
        run("hostile:open_up", (hostile / "parsed.py",), Parsed)
    assert (hostile / "parsed.py").stat().st_mode == mode


def test_the_environment_stays_outside(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "1")
    kind = tuple[str, ...]
    assert run("hostile:environment", (), kind) == ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def test_an_interrupted_parent_kills_the_child(hostile: Path) -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); from tinsmith.core.sandbox import run; "
    code += "run('hostile:asleep', (), bytes)"
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(hostile)], stderr=subprocess.PIPE, text=True
    )
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    if not children.parent.exists():
        parent.kill()
        pytest.skip("needs /proc")
    end = time.monotonic() + 20
    while not (pids := children.read_text().split()) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.3)
    parent.send_signal(signal.SIGINT)
    _, errors = parent.communicate(timeout=20)
    assert "KeyboardInterrupt" in errors
    assert pids and not Path(f"/proc/{pids[0]}").exists()


@pytest.mark.parametrize("field", ["memory_bytes", "cpu_s", "wall_s", "result_bytes", "files"])
def test_limits_are_positive(field: str) -> None:
    with pytest.raises(ValueError, match="positive"):
        SandboxLimits(**{field: 0})
