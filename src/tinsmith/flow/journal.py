"""Steps and their record: a step is looked up by the hash of its inputs, computed only where the
cache has no result, and written down either way."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tinsmith.core.cache import Cache, write_atomically
from tinsmith.core.progress import Progress, Silent

T = TypeVar("T")


@dataclass(frozen=True)
class StepRecord:
    """One step of a run: ``key`` is the hash of its name, its inputs and tinsmith's own code."""

    name: str
    key: str
    served: bool
    seconds: float


class Listener(Protocol):
    """Hears what a run does, e.g. to show it."""

    def started(self, step: str) -> Progress:
        """A step begins to be computed; what it returns hears of the progress inside."""

    def finished(self, record: StepRecord) -> None:
        """A step's result is there."""

    def noted(self, text: str) -> None:
        """Something was done that a person should know of: one sentence."""


class Nobody:
    """A Listener that shows nothing."""

    def started(self, step: str) -> Progress:
        """Ignore."""
        return Silent()

    def finished(self, record: StepRecord) -> None:
        """Ignore."""

    def noted(self, text: str) -> None:
        """Ignore."""


class Journal:
    """Does steps and keeps ``runs/<number>.json`` up to date after each, so that a run that was
    interrupted leaves a true record."""

    def __init__(
        self, cache: Cache, runs: Path, listener: Listener, clock: Callable[[], float] = time.time
    ) -> None:
        self.cache = cache
        self.listener = listener
        self.records: list[StepRecord] = []
        self.clock = clock
        self.began = clock()
        self.path = _next_record(runs)

    def step(
        self,
        name: str,
        kind: type[T],
        inputs: tuple[Any, ...],
        compute: Callable[[Progress], T],
    ) -> T:
        """The step's result, served where nothing changed. ``inputs`` is everything that the
        result depends on, apart from tinsmith's own code."""
        began = time.perf_counter()
        step = name.split(" ")[0]
        result, served = self.cache.step(
            step, kind, inputs, lambda: compute(self.listener.started(name))
        )
        seconds = time.perf_counter() - began
        record = StepRecord(name, self.cache.key(step, *inputs), served, round(seconds, 3))
        self.records.append(record)
        self._write(finished=False)
        self.listener.finished(record)
        return result

    def close(self) -> None:
        """Note that the run came to its end."""
        self._write(finished=True)

    @property
    def executed(self) -> int:
        """How many steps were computed."""
        return sum(not r.served for r in self.records)

    @property
    def served(self) -> int:
        """How many steps came from the cache."""
        return sum(r.served for r in self.records)

    def _write(self, finished: bool) -> None:
        body = {
            "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.began)),
            "finished": finished,
            "executed": self.executed,
            "served": self.served,
            "steps": [asdict(r) for r in self.records],
        }
        write_atomically(self.path, (json.dumps(body, indent=1) + "\n").encode())


def _next_record(runs: Path) -> Path:
    """The first free number, taken at once so that two runs at a time never share a record."""
    runs.mkdir(parents=True, exist_ok=True)
    numbers = [int(p.stem) for p in runs.glob("*.json") if p.stem.isdigit()]
    number = max(numbers, default=0) + 1
    while True:
        path = runs / f"{number:06d}.json"
        try:
            path.touch(exist_ok=False)
            return path
        except FileExistsError:
            number += 1
