"""Job: one piece of work that somebody asked for. It does steps and keeps their results, tells how
far it is, and can be cancelled. Lower layers see it as a `Progress`."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from hashlib import sha256
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import numpy as np

from tinsmith.core.cache import Cache
from tinsmith.core.codec import content_hash
from tinsmith.core.errors import Cancelled
from tinsmith.core.progress import SILENT, Listener, Nobody, Progress, StepRecord, Watcher

T = TypeVar("T")
JOB = "job"
"""A function's parameter of this name is given the job; it belongs to no key."""
_PIECE = 1 << 20
"""Bytes of a file that are hashed at once."""


@dataclass(frozen=True)
class File:
    """A file as an argument of a step: its name and its content belong to the key."""

    path: Path

    def sha256(self, job: Progress) -> str:
        """Hash of the content.

        Raises:
            Cancelled: the job was cancelled.
        """
        found = sha256()
        with self.path.open("rb") as f:
            while piece := f.read(_PIECE):
                job.check()
                found.update(piece)
        return found.hexdigest()


class Job:
    """Args:
    cache: keeps the results of steps; nothing is kept where None.
    listener: hears of each step.
    """

    def __init__(self, cache: Cache | None = None, listener: Listener | None = None) -> None:
        self.cache = cache
        self.listener = listener or Nobody()
        self.records: list[StepRecord] = []
        self._stop = threading.Event()
        self._watcher: Watcher = SILENT
        self._known: dict[int, tuple[Any, str]] = {}

    def cancel(self) -> None:
        """Have the work end soon, with `Cancelled`; any thread may call this."""
        self._stop.set()

    def part(self) -> "Job":
        """A job for many small steps of this one: same results, cancelled together, and nobody
        hears of its steps one by one."""
        inner = Job(self.cache)
        inner._stop, inner._known = self._stop, self._known
        return inner

    def check(self) -> None:
        """Raises Cancelled where `cancel` was called."""
        if self._stop.is_set():
            raise Cancelled

    def advance(self, done: int, total: int, note: str = "") -> None:
        """See `Progress.advance`."""
        self.check()
        self._watcher.advance(done, total, note)

    def note(self, text: str) -> None:
        """Tell something that a person should know of: one sentence."""
        self.listener.noted(text)

    def step(self, name: str, function: Callable[..., T], /, **inputs: Any) -> T:
        """What ``function`` returns for these arguments, computed now or served.

        The key is made of the function's name and its arguments: everything that the result depends
        on has to be one of them. An argument that is the result of an earlier step (or a field of
        one) is named by that step's key; its content is not hashed again. Results are values: who
        has one does not change it.

        Args:
            name: for people.
            function: at the top of a module, with its result's type annotated; where it has a
                parameter ``job``, it is given this job.
            inputs: its arguments. A `File` counts by its content; a path is a place to work in,
                which the result does not depend on.

        Raises:
            Cancelled: before the step, or wherever the function looks.
        """
        self.check()
        began, key = time.perf_counter(), self._key(function, inputs) if self.cache else ""
        result, served = self._served(name, key, function, inputs)
        seconds = round(time.perf_counter() - began, 3)
        self._learn(result, key)
        self.records.append(StepRecord(name, key.rpartition("/")[2], served, seconds))
        self.listener.finished(self.records[-1])
        return result

    @contextmanager
    def showing(self, name: str) -> Iterator[None]:
        """Around work whose result is kept nowhere: told as a step is."""
        self.check()
        began = time.perf_counter()
        self._watcher = self.listener.started(name)
        try:
            yield
        finally:
            self._watcher = SILENT
        seconds = round(time.perf_counter() - began, 3)
        self.records.append(StepRecord(name, "", served=False, seconds=seconds))
        self.listener.finished(self.records[-1])

    def _served(
        self, name: str, key: str, function: Callable[..., T], inputs: Mapping[str, Any]
    ) -> tuple[T, bool]:
        def compute() -> T:
            given = {JOB: self} if JOB in signature(function).parameters else {}
            self._watcher = self.listener.started(name)
            try:
                return function(**inputs, **given)
            finally:
                self._watcher = SILENT

        if self.cache is None:
            return compute(), False
        return self.cache.served(key, get_type_hints(function)["return"], compute, self)

    def _key(self, function: Callable[..., Any], inputs: Mapping[str, Any]) -> str:
        assert self.cache is not None
        named = tuple((name, self._named(inputs[name])) for name in sorted(inputs))
        where = f"{function.__module__}.{function.__qualname__}"
        return f"{function.__name__}/{content_hash(self.cache.code, where, named, job=self)}"

    def _named(self, value: Any) -> Any:
        """What stands for an argument in a key."""
        known = self._known.get(id(value))
        if known is not None and known[0] is value:
            return {"$result": known[1]}
        if isinstance(value, File):
            return {"$file": (value.path.name, value.sha256(self))}
        if isinstance(value, Path):
            return None
        if isinstance(value, Mapping):
            return {name: self._named(v) for name, v in value.items()}
        if is_dataclass(value) and not isinstance(value, type):
            named = {f.name: self._named(getattr(value, f.name)) for f in fields(value)}
            return {"$class": type(value).__name__, **named}
        if isinstance(value, tuple | list):
            return tuple(self._named(v) for v in value)
        return value

    def _learn(self, result: Any, key: str) -> None:
        """Remember a result and its fields by identity. They are kept as long as the job, so no
        other object can take their place."""
        if key and _by_reference(result):
            self._known[id(result)] = result, key
            if is_dataclass(result):
                for f in fields(result):
                    part = getattr(result, f.name)
                    if _by_reference(part):
                        self._known.setdefault(id(part), (part, f"{key}.{f.name}"))


def _by_reference(value: Any) -> bool:
    """Whether it is worth it; plain values are shared by Python itself."""
    return isinstance(value, np.ndarray) or (is_dataclass(value) and not isinstance(value, type))


class Together:
    """A Progress for work that is done by several threads: see `together`."""

    def __init__(self, job: Progress) -> None:
        self._job = job
        self._stop = threading.Event()

    def stop(self) -> None:
        """End what is still done."""
        self._stop.set()

    def check(self) -> None:
        """Raises Cancelled where the job is cancelled or one of the others failed."""
        if self._stop.is_set():
            raise Cancelled
        self._job.check()

    def advance(self, done: int, total: int, note: str = "") -> None:
        """See `Progress.advance`."""
        self.check()
        self._job.advance(done, total, note)


@contextmanager
def together(job: Progress) -> Iterator[Together]:
    """Around the use of a pool: where the block ends in an exception (Ctrl-C is raised in the main
    thread only), the threads of the pool hear of it and end their children."""
    part = Together(job)
    try:
        yield part
    except BaseException:
        part.stop()
        raise
