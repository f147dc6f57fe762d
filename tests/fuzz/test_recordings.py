"""Mutations of recordings of every format: each is read, or refused by name of its format; no
reader dies, none raises anything else, and one reader goes through thousands of them."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile.mutate import mutated

from tinsmith.core.progress import SILENT
from tinsmith.data.files import Known, SourceFile
from tinsmith.data.format import FORMATS, Format, ReadOptions
from tinsmith.data.reading import Task
from tinsmith.data.receiving import Entry, Receiver, entry
from tinsmith.data.samples import SampleFolder

FULL, SAMPLE = 20_000, 200
BATCH = 500
ALLOWED = ("sandbox.memory", "sandbox.recursion")


def written(format: Format, numbers: range, folder: Path) -> list[Entry]:
    """Mutated examples; each number is the same file in every run."""
    seed = format.sample()
    found = []
    for number in numbers:
        rng = np.random.default_rng([2031, number])
        path = folder / f"m{number}{format.suffixes[0]}"
        path.write_bytes(mutated(seed, seed, rng))
        file = SourceFile(path.name, path, format.name)
        found.append(entry(file, Known(Task(str(path)))))
    return found


@pytest.mark.slow
def test_mutated_recordings(
    tmp_path: Path, campaign: Callable[..., int], record_result: Callable[[str, Any], None]
) -> None:
    total = campaign(FULL, SAMPLE)
    formats = [f for f in FORMATS.all() if f.sample()]
    each = -(-total // len(formats))
    seen: Counter[str] = Counter()
    for number, format in enumerate(formats):
        for first in range(0, each, BATCH):
            numbers = range(number * each + first, number * each + min(each, first + BATCH))
            folder = tmp_path / f"{format.name}{first}"
            folder.mkdir()
            entries = written(format, numbers, folder)
            with SampleFolder(folder / "out") as samples:
                Receiver(ReadOptions(), samples, SILENT).receive(entries)
            for e in entries:
                code = e.problem.code if e.problem else f"{format.name} read"
                ours = code.startswith(f"data.{format.name}.") or code in ALLOWED
                assert ours or not e.problem, (e.file.name, e.problem)
                seen[code] += 1
    assert sum(seen.values()) >= total
    # most mutants of an archive are refused: of a sample all may be
    read = [f.name for f in formats if seen[f"{f.name} read"]]
    assert len(read) == len(formats) if total == FULL else 2 * len(read) >= len(formats), seen
    record_result("mutated_recordings", {"files": sum(seen.values()), **dict(sorted(seen.items()))})
