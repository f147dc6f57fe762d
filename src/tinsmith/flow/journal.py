"""The record of a job in a file, up to date after each step."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from tinsmith.core.progress import Listener, StepRecord, Watcher
from tinsmith.core.progress import Nobody as Nobody
from tinsmith.core.store import write_atomically


class Journal:
    """A Listener that keeps ``runs/<number>.json`` up to date, so that a run that was interrupted
    leaves a true record, and tells another what it hears."""

    def __init__(
        self, runs: Path, listener: Listener, clock: Callable[[], float] = time.time
    ) -> None:
        self.listener = listener
        self.records: list[StepRecord] = []
        self.began = clock()
        self.path = _next_record(runs)

    def started(self, step: str) -> Watcher:
        """Pass it on."""
        return self.listener.started(step)

    def finished(self, record: StepRecord) -> None:
        """Write it down."""
        self.records.append(record)
        self._write(finished=False)
        self.listener.finished(record)

    def noted(self, text: str) -> None:
        """Pass it on."""
        self.listener.noted(text)

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
