"""Jobs: a step is known by its function and arguments, results by reference; cancelling ends it."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from tinsmith.core import job as job_module
from tinsmith.core.cache import Cache
from tinsmith.core.errors import Cancelled
from tinsmith.core.job import File, Job, together
from tinsmith.core.progress import Progress, StepRecord
from tinsmith.core.store import LocalStore

CALLS: list[str] = []


@dataclass(frozen=True)
class Pair:
    array: np.ndarray
    other: int


def twice(x: int) -> int:
    CALLS.append("twice")
    return 2 * x


def thrice(x: int) -> int:
    return 3 * x


def paired(n: int) -> Pair:
    return Pair(np.arange(n), n)


def summed(array: np.ndarray, job: Progress) -> int:
    job.check()
    return int(array.sum())


def length(file: File, folder: Path) -> int:
    CALLS.append("length")
    return len(file.path.read_bytes())


def endless(job: Progress) -> int:
    while True:
        job.check()


def job_in(folder: Path, code: str = "a") -> Job:
    return Job(Cache(LocalStore(folder), code))


def keys(job: Job) -> list[str]:
    return [r.key for r in job.records]


def test_a_step_is_served_for_the_same_arguments_only(tmp_path: Path) -> None:
    CALLS.clear()
    for code, x in (("a", 4), ("a", 4), ("a", 5), ("b", 4)):
        assert job_in(tmp_path, code).step("twice", twice, x=x) == 2 * x
    assert CALLS == ["twice"] * 3
    one = job_in(tmp_path)
    assert (one.step("other name", twice, x=4), one.step("n", thrice, x=4)) == (8, 12)
    assert [r.served for r in one.records] == [True, False]


def test_results_are_known_by_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also their fields; nothing of them is hashed again. The same content from elsewhere is
    hashed."""
    found = []
    for _ in range(2):
        job = job_in(tmp_path)
        pair = job.step("paired", paired, n=1000)
        hashed: list[object] = []
        real = job_module.content_hash
        monkeypatch.setattr(
            job_module, "content_hash", lambda *o, h=hashed, r=real, job: h.append(o) or r(*o)
        )
        assert job.step("summed", summed, array=pair.array) == 499500
        monkeypatch.setattr(job_module, "content_hash", real)
        assert "array(" not in repr(hashed) and ".array" in repr(hashed)
        job.step("summed", summed, array=pair.array.copy())
        found.append(keys(job))
    assert found[0] == found[1]
    assert len(set(found[0])) == 3


def test_files_count_by_content_and_folders_not(tmp_path: Path) -> None:
    CALLS.clear()
    path = tmp_path / "x"
    for text, folder in (("one", "a"), ("one", "b"), ("three", "b")):
        path.write_text(text)
        job = job_in(tmp_path / "kept")
        assert job.step("l", length, file=File(path), folder=tmp_path / folder) == len(text)
    assert CALLS == ["length"] * 2


def test_a_damaged_entry_is_computed_again(tmp_path: Path) -> None:
    job_in(tmp_path).step("twice", twice, x=1)
    (entry,) = (tmp_path / "twice").iterdir()
    entry.write_bytes(b"PK")
    again = job_in(tmp_path)
    assert again.step("twice", twice, x=1) == 2
    assert not again.records[0].served


def test_cancelling_ends_a_step_and_all_behind_it(tmp_path: Path) -> None:
    from threading import Timer

    job = job_in(tmp_path)
    Timer(0.1, job.cancel).start()
    with pytest.raises(Cancelled):
        job.step("endless", endless)
    for work in (job.check, lambda: job.advance(1, 2), lambda: job.step("twice", twice, x=1)):
        with pytest.raises(Cancelled):
            work()
    assert job.records == []
    assert not list(tmp_path.rglob("endless/*"))


def test_progress_reaches_the_listener_of_the_running_step_only() -> None:
    told: list[tuple[str, int]] = []

    class Heard:
        def started(self, step: str) -> "Heard":
            told.append((step, -1))
            return self

        def advance(self, done: int, total: int, note: str = "") -> None:
            told.append((note, done))

        def finished(self, record: StepRecord) -> None:
            told.append((record.name, -2))

        def noted(self, text: str) -> None:
            told.append((text, -3))

    job = Job(listener=Heard())
    job.advance(1, 2, "nobody hears")
    with job.showing("package"):
        job.advance(1, 2, "half")
    job.note("a note")
    assert told == [("package", -1), ("half", 1), ("package", -2), ("a note", -3)]


def test_what_one_thread_raises_ends_the_others() -> None:
    with pytest.raises(ValueError, match="one"), together(Job()) as part:
        part.check()
        raise ValueError("one")
    with pytest.raises(Cancelled):
        part.check()


@dataclass(frozen=True)
class Holding:
    pair: Pair


def held(pair: Pair) -> Holding:
    return Holding(pair)


def first(pair: Pair) -> int:
    return int(pair.array[0])


def test_an_argument_that_is_part_of_a_result_stays_an_argument(tmp_path: Path) -> None:
    """Else its key would be another one where the result was computed than where it was served."""
    found = []
    for _ in range(2):
        job, pair = job_in(tmp_path), Pair(np.ones(3), 1)
        job.step("held", held, pair=pair)
        job.step("first", first, pair=pair)
        found.append([r.served for r in job.records])
    assert found == [[False, False], [True, True]]


def test_a_large_file_is_hashed_in_pieces(tmp_path: Path) -> None:
    """So that who cancels does not wait for a slow disk."""
    job, looks = Job(), list[int]()
    (tmp_path / "x").write_bytes(bytes(5 << 20))

    class Looked:
        def check(self) -> None:
            looks.append(1)
            job.check()

        def advance(self, done: int, total: int, note: str = "") -> None:
            """Nothing is told."""

    file = File(tmp_path / "x")
    assert file.sha256(Looked()) == sha256(bytes(5 << 20)).hexdigest()
    assert len(looks) >= 5
    job.cancel()
    with pytest.raises(Cancelled):
        file.sha256(job)


def test_a_result_on_its_way_to_the_caller_is_cancelled(tmp_path: Path) -> None:
    """Written or read back: large results take seconds."""
    job = job_in(tmp_path)

    class Store(LocalStore):
        def put(self, key: str, data: bytes) -> None:
            super().put(key, data)
            job.cancel()

        def get(self, key: str) -> bytes | None:
            found = super().get(key)
            if found:
                job.cancel()
            return found

    for _ in range(2):  # computed, then served: kept in both cases
        job = Job(Cache(Store(tmp_path), "a"))
        with pytest.raises(Cancelled):
            job.step("paired", paired, n=3)
        assert len(list(tmp_path.glob("paired/*"))) == 1
