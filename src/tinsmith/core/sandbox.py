"""Sandbox: run a function on untrusted files in a child process with limits.

The child is a fresh interpreter that shares no memory with the parent, so a crash, a memory bomb or
an endless loop in a parser ends there. Arguments and result travel by the codec, never by pickle.

Limited on every platform: wall time and size of the result. Where the platform has them (Linux has
all; macOS does not enforce the address space; Windows has none): address space, CPU time, open
files, no core dumps. Python code in the child can open no socket, start no process and write no
file (an audit hook refuses it, PEP 578); that does not stop native code which calls the kernel
itself, so this is a seat belt for parsers, not a jail for programs.
"""

import contextlib
import importlib
import math
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from inspect import signature
from pathlib import Path, PurePath
from typing import IO, Any, TypeVar, get_type_hints

from tinsmith.core.codec import dumps, loads
from tinsmith.core.errors import InternalError, UserError
from tinsmith.core.process import Command, OutOfTime, Process, child, kill
from tinsmith.core.progress import SILENT, Progress

T = TypeVar("T")
_LENGTH = 8
_TAG = 4
_CHUNK = 1 << 20
_DONE, _MORE = b"OK  ", b"MORE"
_BOOT = (
    "import os, sys; sys.path[:] = sys.argv[1:]; os.environ.clear(); "
    "os.environ.update(OMP_NUM_THREADS='1', OPENBLAS_NUM_THREADS='1'); "
    "from tinsmith.core.sandbox import serve; serve()"
)
_REFUSED = (
    "socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system",
    "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.mkdir", "os.link", "os.symlink",
    "os.chmod", "os.chown", "os.utime", "os.setxattr", "os.removexattr", "shutil.",
)  # fmt: skip
_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


@dataclass(frozen=True)
class SandboxLimits:
    """What one call may use. Sizes in bytes, times in seconds; all positive."""

    memory_bytes: int = 2_000_000_000
    cpu_s: float = 60.0
    wall_s: float = 120.0
    result_bytes: int = 1_000_000_000
    files: int = 64

    def __post_init__(self) -> None:
        if min(self.memory_bytes, self.cpu_s, self.wall_s, self.result_bytes, self.files) <= 0:
            raise ValueError("sandbox limits must be positive")


@dataclass(frozen=True)
class _Order:
    """What the child has to do; the arguments follow it."""

    target: str
    limits: SandboxLimits


@dataclass(frozen=True)
class _Complaint:
    """An error on its way back."""

    code: str
    message: str
    hint: str = ""


def run(
    target: str,
    arguments: tuple[Any, ...],
    result: type[T],
    limits: SandboxLimits | None = None,
    job: Progress = SILENT,
) -> T:
    """Call ``target`` (``"package.module:function"``) with ``arguments`` in a child process.

    Arguments are values of the codec, or paths; the function sees them as its type hints say. The
    result is decoded as ``result``.

    Raises:
        UserError: what the function raised (same code, message and hint); or ``sandbox.memory``,
            ``sandbox.cpu``, ``sandbox.time``, ``sandbox.output``, ``sandbox.recursion``,
            ``sandbox.crash``, each naming the limit or the signal.
        InternalError: the function raised anything else; the message has its traceback.
        Cancelled: the job was cancelled.
    """
    order = _Order(target, limits or SandboxLimits())
    with _asked(order, arguments, job) as (process, log):
        reply = _read(process, order.limits.result_bytes + _TAG)
        process.wait()
        body = _result(reply, process.returncode, log, order)
    return loads(result, body, job)


def stream(
    target: str,
    arguments: tuple[Any, ...],
    kind: type[T],
    limits: SandboxLimits | None = None,
    job: Progress = SILENT,
) -> Iterator[T]:
    """As `run` for a generator function: what it yields comes one after the other, so that neither
    side holds all of it. The limit of the result is that of each; times are those of all, with what
    the caller does between two of them.

    Raises:
        UserError, InternalError, Cancelled: as `run`, after what came before.
    """
    order = _Order(target, limits or SandboxLimits())
    with _asked(order, arguments, job) as (process, log):
        tag = b""
        while process.stdout and (tag := process.stdout.read(_TAG)) == _MORE:
            body = _part(process.stdout, order.limits)
            if body is None:
                tag = b""
                break
            yield loads(kind, body, job)
        reply = tag + _read(process, order.limits.result_bytes)
        process.wait()
        _result(reply, process.returncode, log, order)


def _part(stdout: IO[bytes], limits: SandboxLimits) -> bytes | None:
    """The next of what a generator yields; None where the child ended in the middle of it."""
    size = int.from_bytes(stdout.read(_LENGTH), "little")
    if size > limits.result_bytes:
        raise _too_large(limits)
    body = stdout.read(size)
    return body if len(body) == size else None


@contextlib.contextmanager
def _asked(
    order: _Order, arguments: tuple[Any, ...], job: Progress
) -> Iterator[tuple[Process, IO[bytes]]]:
    """A fresh interpreter that carries out the order, and the log that it writes.

    Raises:
        UserError: it took too long; it is dead then.
    """
    head, wall_s = dumps(order), order.limits.wall_s
    plain = tuple(str(a) if isinstance(a, PurePath) else a for a in arguments)
    path = [p or str(Path.cwd()) for p in sys.path]
    argv = [sys.executable, "-I", "-c", _BOOT, *path]
    with tempfile.TemporaryFile() as question, tempfile.TemporaryFile() as log:
        question.write(len(head).to_bytes(_LENGTH, "little") + head + dumps(plain, job))
        question.seek(0)
        command = Command(argv, stdin=question, stderr=log, timeout_s=wall_s, tied=True)
        try:
            with child(command, job) as process:
                yield process, log
        except OutOfTime:
            raise UserError(
                "sandbox.time",
                f"Reading took longer than the limit of {wall_s:g} s.",
                "Is the file damaged? Split it if it is very large.",
            ) from None


def _too_large(limits: SandboxLimits) -> UserError:
    message = f"The result is larger than the limit of {limits.result_bytes} bytes."
    return UserError("sandbox.output", message, "Split the file.")


def _result(reply: bytes, status: int, log: IO[bytes], order: _Order) -> bytes:
    """What a complete reply holds.

    Raises:
        UserError, InternalError: the function's, or how the child died.
    """
    limits = order.limits
    if len(reply) > limits.result_bytes + _TAG:
        raise _too_large(limits)
    log.seek(0)
    tag, body = _split(reply, status, log.read(_CHUNK), limits)
    if tag == _DONE:
        return body
    complaint = loads(_Complaint, body)
    if tag == b"BUG ":
        raise InternalError(f"sandbox: {order.target}: {complaint.message}")
    raise UserError(complaint.code, complaint.message, complaint.hint)


def _read(process: Process, limit: int) -> bytes:
    """What the child writes, up to a little more than ``limit`` bytes."""
    reply = bytearray()
    stdout = process.stdout
    while stdout and len(reply) <= limit and (chunk := stdout.read1(_CHUNK)):  # type: ignore[attr-defined]
        reply += chunk
    if len(reply) > limit:
        kill(process)
    return bytes(reply)


def _split(reply: bytes, status: int, log: bytes, limits: SandboxLimits) -> tuple[bytes, bytes]:
    """Tag and body of a complete reply (the child ends with status 0 after it, never else).

    Raises:
        UserError: the child died; says of what.
    """
    if status == 0 and len(reply) >= _TAG:
        return reply[:_TAG], reply[_TAG:]
    if hasattr(signal, "SIGXCPU") and status == -signal.SIGXCPU:
        raise UserError(
            "sandbox.cpu",
            f"Reading used more than the limit of {limits.cpu_s:g} s of processor time.",
            "Is the file damaged? Split it if it is very large.",
        )
    how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
    last = log.decode(errors="replace").strip().splitlines()[-1:]
    raise UserError(
        "sandbox.crash",
        f"The reader of this file crashed ({how}). {' '.join(last)}".strip(),
        f"Is the file damaged? It may use {limits.memory_bytes} bytes of memory.",
    )


def serve() -> None:
    """Body of the child process: order and arguments on stdin, the reply on what was stdout."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a parser prints goes to the log, never into the reply
    stdin = sys.stdin.buffer
    order = loads(_Order, stdin.read(int.from_bytes(stdin.read(_LENGTH), "little")))
    arguments = stdin.read()
    _restrict(order.limits)
    try:
        tag, body = _perform(order, arguments, out)
    except MemoryError:
        text = f"Reading needs more memory than the limit of {order.limits.memory_bytes} bytes."
        tag, body = b"USER", dumps(_Complaint("sandbox.memory", text, "Split the file."))
    if len(body) > order.limits.result_bytes:
        text = f"The result has {len(body)} bytes; the limit is {order.limits.result_bytes}."
        tag, body = b"USER", dumps(_Complaint("sandbox.output", text, "Split the file."))
    out.write(tag + body)
    out.close()


def _restrict(limits: SandboxLimits) -> None:
    sys.dont_write_bytecode = True
    sys.addaudithook(_audit)
    try:
        import resource
    except ModuleNotFoundError:  # Windows; the module's docstring says what remains
        return
    cpu_s = math.ceil(limits.cpu_s)
    for kind, value, hard in (
        (resource.RLIMIT_AS, limits.memory_bytes, limits.memory_bytes),
        (resource.RLIMIT_CPU, cpu_s, cpu_s + 5),
        (resource.RLIMIT_NOFILE, limits.files, limits.files),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        most = resource.getrlimit(kind)[1]
        roof = hard if most == resource.RLIM_INFINITY else min(hard, most)
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some; see the docstring
            resource.setrlimit(kind, (min(value, roof), roof))


def _audit(event: str, details: tuple[Any, ...]) -> None:
    """Refuses what no parser needs (PEP 578)."""
    writes = event == "open" and isinstance(details[2], int) and details[2] & _WRITE
    if writes or event.startswith(_REFUSED):
        raise PermissionError(f"the sandbox refuses {event} {details[:1]}")


def _perform(order: _Order, arguments: bytes, out: IO[bytes]) -> tuple[bytes, bytes]:
    """Tag and body of the reply; what a generator yields is written before it."""
    try:
        module, _, name = order.target.partition(":")
        function = getattr(importlib.import_module(module), name)
        found = function(*loads(_kinds(function), arguments))
        if isinstance(found, Generator):
            for part in found:
                body = dumps(part)
                out.write(_MORE + len(body).to_bytes(_LENGTH, "little") + body)
                out.flush()
            found = None
        return _DONE, dumps(found)
    except UserError as e:
        return b"USER", dumps(_Complaint(e.code, e.message, e.hint))
    except RecursionError:
        text = f"The file nests deeper than the limit of {sys.getrecursionlimit()} levels."
        return b"USER", dumps(_Complaint("sandbox.recursion", text, "Is the file damaged?"))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - the parent raises it as InternalError with this traceback
        return b"BUG ", dumps(_Complaint("", traceback.format_exc()))


def _kinds(function: Callable[..., Any]) -> Any:
    """Type of the tuple of a function's arguments."""
    hints = get_type_hints(function)
    kinds = tuple(hints.get(p, Any) for p in signature(function).parameters)
    return tuple.__class_getitem__(kinds)
