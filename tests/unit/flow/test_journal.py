"""The record of a run: after each step, true also where the run was interrupted."""

import json
from pathlib import Path

import pytest

from tinsmith.core.cache import Cache
from tinsmith.core.errors import UserError
from tinsmith.core.job import Job
from tinsmith.core.progress import Nobody
from tinsmith.core.store import LocalStore
from tinsmith.flow.journal import Journal


def first(x: int) -> int:
    return x


def fails(x: int, error: str) -> int:
    raise KeyboardInterrupt if error == "interrupt" else UserError("x", "y")


def started(folder: Path) -> tuple[Job, Journal]:
    journal = Journal(folder / "runs", Nobody(), clock=lambda: 0.0)
    return Job(Cache(LocalStore(folder / "cache"), "a"), journal), journal


def read(folder: Path, number: int) -> dict:
    return json.loads((folder / "runs" / f"{number:06d}.json").read_text())


def test_second_time_is_served_and_says_so(tmp_path: Path) -> None:
    for _ in range(2):
        job, journal = started(tmp_path)
        assert job.step("first x", first, x=8) == 8
        journal.close()
    assert (journal.executed, journal.served) == (0, 1)
    records = read(tmp_path, 1), read(tmp_path, 2)
    (one,), (two,) = (r["steps"] for r in records)
    assert (one["served"], two["served"]) == (False, True)
    assert one["key"] == two["key"]
    assert records[0]["began"] == "1970-01-01T00:00:00Z"
    assert records[0]["finished"] and records[1]["finished"]


@pytest.mark.parametrize("error", ["interrupt", "refusal"])
def test_interrupted_run_keeps_what_was_finished(tmp_path: Path, error: str) -> None:
    job, _ = started(tmp_path)
    job.step("first", first, x=1)
    with pytest.raises((KeyboardInterrupt, UserError)):
        job.step("second", fails, x=2, error=error)
    assert [s["name"] for s in read(tmp_path, 1)["steps"]] == ["first"]
    assert not read(tmp_path, 1)["finished"]
    job, again = started(tmp_path)
    job.step("first", first, x=1)
    job.step("second", first, x=2)
    assert (again.executed, again.served) == (1, 1)


def test_two_runs_never_share_a_record(tmp_path: Path) -> None:
    paths = {started(tmp_path)[1].path for _ in range(5)}
    assert len(paths) == 5
