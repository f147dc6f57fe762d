"""Child processes: every process that tinsmith starts is started here, and none outlives its use.

A child gets a process group of its own. The whole group is killed when the job is cancelled, when
the time is over, and on every exception in the parent (Ctrl-C is one: a terminal sends it to the
parent alone, because the group is another). That holds on Linux and macOS.

Where the parent itself is killed, nothing of it runs any more. On Linux a child that is ``tied``
then dies too (the kernel sends it SIGKILL, prctl(2), PR_SET_PDEATHSIG); it is set by a launcher
that becomes the child, since code between fork and exec is not safe in a process with threads.
Elsewhere, and for children that are not tied (compilers: they end by themselves in seconds), such a
child works on until it is done.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tinsmith.core.errors import Cancelled
from tinsmith.core.progress import Progress

Process = subprocess.Popen[bytes]
POLL_S = 0.05
"""How often a job is asked whether it was cancelled."""
_DEATH_SIGNAL = 1
_TIE = (
    f"import ctypes, os, sys; ctypes.CDLL(None).prctl({_DEATH_SIGNAL}, 9); "
    "os.getppid() == int(sys.argv[1]) or os._exit(137); os.execv(sys.argv[2], sys.argv[2:])"
)


class OutOfTime(Exception):
    """The child took longer than it was allowed; it is dead."""


@dataclass(frozen=True)
class Command:
    """What to start.

    ``argv``: the program first; where the command is ``tied``, its absolute path. ``environment``:
    the parent's where None. ``stdin``: nothing where None. ``stderr``: captured where None.
    """

    argv: Sequence[str]
    folder: Path | None = None
    environment: Mapping[str, str] | None = None
    stdin: IO[bytes] | bytes | None = None
    stderr: IO[bytes] | None = None
    timeout_s: float | None = None
    tied: bool = False


@dataclass(frozen=True)
class Ended:
    """How a child ended, and what it wrote. A negative code is the signal that killed it."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def said(self) -> str:
        """Its last words, for messages."""
        return (self.stderr or self.stdout).decode(errors="replace").strip()


def run_child(command: Command, job: Progress) -> Ended:
    """Run a command to its end.

    Raises:
        OutOfTime: it took longer than ``timeout_s``.
        Cancelled: the job was cancelled.
        OSError: it cannot be started.
    """
    with child(command, job) as process:
        text = command.stdin if isinstance(command.stdin, bytes) else None
        stdout, stderr = process.communicate(text)
    return Ended(process.returncode, stdout or b"", stderr or b"")


@contextlib.contextmanager
def child(command: Command, job: Progress) -> Iterator[Process]:
    """A running child, for callers that read what it writes themselves: stdout is a pipe. At the
    end of the block it is waited for; where the block ends in an exception, it is killed.

    Raises:
        OutOfTime, Cancelled, OSError: as `run_child`, in place of what the block raises when its
            child is gone.
    """
    job.check()
    process = subprocess.Popen(
        _launched(command), cwd=command.folder, env=command.environment,
        stdin=_source(command.stdin), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if command.stderr is None else command.stderr,
        start_new_session=True,
    )  # fmt: skip
    guard = _Guard(process, job, command.timeout_s)
    try:
        yield process
        process.wait()
    except BaseException as e:
        guard.end()
        if guard.reason is None or not isinstance(e, Exception):
            raise
        raise guard.reason from None
    guard.end(killing=guard.reason is not None)
    if guard.reason is not None:
        raise guard.reason


def kill(process: Process) -> None:
    """The child and whatever it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


class _Guard:
    """A thread that kills a child when its job is cancelled or its time is over."""

    def __init__(self, process: Process, job: Progress, timeout_s: float | None) -> None:
        self.reason: Cancelled | OutOfTime | None = None
        self._process, self._job = process, job
        self._end = None if timeout_s is None else time.monotonic() + timeout_s
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._done.wait(POLL_S):
            try:
                self._job.check()
                if self._end is not None and time.monotonic() > self._end:
                    raise OutOfTime
            except (Cancelled, OutOfTime) as e:
                self.reason = e
                kill(self._process)
                return

    def end(self, killing: bool = True) -> None:
        """Stop watching; with ``killing`` the group dies. No pipe and no process is left."""
        self._done.set()
        self._thread.join()
        if killing:
            kill(self._process)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what it never read cannot be flushed
                    pipe.close()


def _launched(command: Command) -> list[str]:
    if not command.tied or sys.platform != "linux":
        return list(command.argv)
    return [sys.executable, "-I", "-S", "-c", _TIE, str(os.getpid()), *command.argv]


def _source(stdin: IO[bytes] | bytes | None) -> int | IO[bytes]:
    if stdin is None:
        return subprocess.DEVNULL
    return subprocess.PIPE if isinstance(stdin, bytes) else stdin
