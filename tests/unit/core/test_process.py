"""Child processes end with what they were started for: cancelled, too late, an exception, and where
the parent is killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tinsmith.core.errors import Cancelled
from tinsmith.core.job import Job
from tinsmith.core.process import Command, OutOfTime, child, run_child
from tinsmith.core.progress import SILENT

# A child that starts one of its own, says both ids, and sleeps.
FAMILY = (
    "import os, subprocess, sys, time; "
    "c = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    "print(os.getpid(), c.pid, flush=True); time.sleep(60)"
)


def python(code: str, **more: object) -> Command:
    return Command([sys.executable, "-c", code], **more)  # type: ignore[arg-type]


def gone(pid: int, seconds: float = 2.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":  # dead; whoever adopted it has not yet waited for it
            return True
        time.sleep(0.02)
    return False


def test_what_a_child_says_comes_back() -> None:
    code = (
        "import sys; sys.stdout.write(sys.stdin.read()[::-1]); sys.stderr.write('e'); sys.exit(3)"
    )
    for tied in (False, True):
        done = run_child(python(code, stdin=b"abc", tied=tied), SILENT)
        assert (done.code, done.stdout, done.stderr) == (3, b"cba", b"e")


@pytest.mark.parametrize("how", ["cancelled", "late", "raised"])
def test_the_whole_family_ends(how: str) -> None:
    job, pids = Job(), list[int]()
    command = python(FAMILY, timeout_s=1.0 if how == "late" else None)
    expected = {"cancelled": Cancelled, "late": OutOfTime, "raised": ZeroDivisionError}[how]
    with pytest.raises(expected), child(command, job) as process:
        assert process.stdout is not None
        pids += map(int, process.stdout.readline().split())
        began = time.monotonic()
        if how == "raised":
            raise ZeroDivisionError
        if how == "cancelled":
            threading.Timer(0.1, job.cancel).start()
        process.stdout.read()
    assert time.monotonic() - began < 2.5
    assert len(pids) == 2 and all(map(gone, pids))


def test_a_cancelled_job_starts_nothing(tmp_path: Path) -> None:
    job = Job()
    job.cancel()
    with pytest.raises(Cancelled):
        run_child(python("open('x', 'w')", folder=tmp_path), job)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells a child of its parent's death"
)
def test_a_tied_child_dies_with_its_parent() -> None:
    code = (
        "import sys; from tinsmith.core.process import Command, child; "
        "from tinsmith.core.progress import SILENT; sleep = 'import time; time.sleep(60)'\n"
        "with child(Command([sys.executable, '-c', sleep], tied=True), SILENT) as p:\n"
        "    print(p.pid, flush=True); p.wait()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    time.sleep(0.5)  # until the launcher has become the child
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert gone(pid)
