"""A run is cancelled at any moment, by a call or a signal: it is back within two seconds, leaves no
process behind, and the next run goes on and gives what an undisturbed one gives."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from firmwares import CACHE

BACK_S = 2.0
MOMENTS = 20
PROGRAM = """
import sys, threading, time
from pathlib import Path
from tinsmith.core.errors import Cancelled
from tinsmith.core.progress import Nobody
from tinsmith.flow.open import open_project
from tinsmith.flow.outputs import write_all
from tinsmith.flow.places import default_cache
from tinsmith.flow.run import run

steps = open_project(Path(sys.argv[1]), Nobody(), default_cache(), delivers=True)
seconds, asked = float(sys.argv[2]), []

def cancel():
    asked.append(time.monotonic())
    steps.job.cancel()

timer = threading.Timer(seconds, cancel)
timer.start()
try:
    write_all(steps, run(steps))
    timer.cancel()
    print("done")
except Cancelled as e:
    print("cancelled", time.monotonic() - asked[0])
"""
"""A program that uses the library: it cancels its own run after some seconds."""

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@pytest.fixture
def longer(small: Path) -> Path:
    """A project whose training, compiling, emulating and proving take about a second each."""
    file = small / "project.toml"
    text = file.read_text().replace('"linear"', '"mlp"\nhidden = [64, 64]\nepochs = 140')
    file.write_text(text.replace("golden = 4", "golden = 8") + "patience = 140\n")
    return small


@pytest.fixture
def whole(longer: Path, frozen: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What an undisturbed run gives, and how long it takes."""
    copy = tmp_path_factory.mktemp("whole") / "project"
    for part in ("warm", "timed"):
        shutil.copytree(longer, copy)
        environment, began = apart(copy.parent / part, frozen), time.monotonic()
        done = command(copy, environment)
        _, err = done.communicate(timeout=300)
        assert done.returncode == 0, err
        found = {"result": result_of(copy), "seconds": time.monotonic() - began}
        shutil.rmtree(copy)
    return found


def command(project: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    """`tinsmith run`, in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "tinsmith.cli", "run", "--project", str(project)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        start_new_session=True,
    )  # fmt: skip


def apart(folder: Path, frozen: dict[str, str]) -> dict[str, str]:
    """The environment of a user who has compiled no model yet. What zig brings as sources is
    compiled: that takes it half a minute, once."""
    objects = folder / "objects"
    objects.mkdir(parents=True)
    for kept in ("zig", "runtimes"):
        (CACHE / kept).mkdir(parents=True, exist_ok=True)
        (objects / kept).symlink_to(CACHE / kept)
    return {**frozen, "TINSMITH_CACHE": str(folder)}


def result_of(project: Path) -> dict:
    record = json.loads((project / "build" / "record.json").read_text())
    del record["steps"]
    return record


def family(root: int) -> set[int]:
    """All descendants of a process. They have groups of their own, so parents are asked."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = stat.parent.name, stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(pid)] = int(rest[1])
    found, new = set[int](), {root}
    while new:
        new = {pid for pid, parent in parents.items() if parent in new} - found
        found |= new
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Watched:
    """Notes every descendant of a process while it runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.seen: set[int] = set()
        self._process = process
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while self._process.poll() is None:
            self.seen |= family(self._process.pid)
            time.sleep(0.02)

    def left(self) -> set[int]:
        """Those that outlived it by more than the blink that the system takes to end them."""
        self._thread.join()
        time.sleep(0.2)
        return {pid for pid in self.seen if alive(pid)}


def by_signal(project: Path, seconds: float, environment: dict[str, str], sent: int) -> bool:
    """Whether the run was cancelled; it is checked how."""
    process = command(project, environment)
    watched = Watched(process)
    time.sleep(seconds)
    ended = process.poll() is not None
    began = time.monotonic()
    if not ended:
        os.kill(process.pid, sent)
    out, err = process.communicate(timeout=60)
    took = time.monotonic() - began
    assert watched.left() == set()
    if process.returncode == 0 or re.search(r"^  report ", out, re.MULTILINE):
        return False  # the signal met a run that had all done
    assert process.returncode == 130, out + err
    assert took < BACK_S
    assert err.count("Cancelled.") == 1
    assert "goes on from there" in err and "Traceback" not in out + err
    return True


def by_library(project: Path, seconds: float, environment: dict[str, str]) -> bool:
    """As `by_signal`, by a call of `Job.cancel` from another thread."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(project), str(seconds)], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True,
    )  # fmt: skip
    watched = Watched(process)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert watched.left() == set()
    how, *took = out.split()
    assert how == "done" or float(took[0]) < BACK_S, out
    return how == "cancelled"


def disturbed(longer: Path, frozen: dict[str, str], whole: dict, moments: np.ndarray) -> list[bool]:
    """Cancelled at these shares of a whole run, alternately in both ways, each time from the start;
    then the same run goes on to the same result."""
    found = []
    for i, share in enumerate(moments):
        copy = longer.parent / f"{longer.name}-{i}"
        shutil.copytree(longer, copy)
        environment = apart(copy.with_name(f"{copy.name}-cache"), frozen)
        seconds = float(share) * whole["seconds"]
        if i % 2:
            found.append(by_library(copy, seconds, environment))
        else:
            sent = signal.SIGTERM if i % 4 else signal.SIGINT
            found.append(by_signal(copy, seconds, environment, sent))
        done = command(copy, environment)
        _, err = done.communicate(timeout=300)
        assert done.returncode == 0, err
        assert result_of(copy) == whole["result"]
        shutil.rmtree(copy)
    return found


def test_a_cancelled_run_goes_on(longer: Path, frozen: dict[str, str], whole: dict) -> None:
    """Early (training) and late (compiling or emulating), in every way."""
    assert any(disturbed(longer, frozen, whole, np.array([0.5, 0.6, 0.75])))


@pytest.mark.slow
def test_a_run_is_cancelled_at_any_moment(
    longer: Path,
    frozen: dict[str, str],
    whole: dict,
    rng: np.random.Generator,
    campaign: Callable[..., int],
) -> None:
    count = campaign(MOMENTS, 2)
    cancelled = disturbed(longer, frozen, whole, rng.uniform(0.1, 0.95, count))
    assert sum(cancelled) >= count // 2
