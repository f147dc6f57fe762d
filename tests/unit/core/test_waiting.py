"""Who waits for work that cannot be stopped is back at once when the job is cancelled."""

import sys
import threading
import time
from pathlib import Path

import pytest

from tinsmith.core.errors import Cancelled
from tinsmith.core.job import Job
from tinsmith.core.progress import SILENT
from tinsmith.core.waiting import load_library, waited


def test_results_and_faults_come_back() -> None:
    for job in (SILENT, Job()):
        assert waited(lambda: 3, job) == 3
        with pytest.raises(ZeroDivisionError):
            waited(lambda: 1 // 0, job)


def test_work_that_nobody_can_cancel_stays_in_the_thread() -> None:
    here = threading.get_ident()
    assert waited(threading.get_ident, SILENT) == here
    assert waited(threading.get_ident, Job()) != here


def test_who_waits_is_back_and_the_work_ends_by_itself() -> None:
    job, go_on, ended = Job(), threading.Event(), threading.Event()

    def work() -> None:
        go_on.wait(30)
        ended.set()

    threading.Timer(0.1, job.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        waited(work, job)
    assert time.monotonic() - began < 1 and not ended.is_set()
    go_on.set()
    assert ended.wait(5)


def test_a_cancelled_job_begins_nothing() -> None:
    job, begun = Job(), list[int]()
    job.cancel()
    with pytest.raises(Cancelled):
        waited(lambda: begun.append(1), job)
    assert begun == []


def test_a_library_that_takes_long_is_loaded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who cancels while it is loaded is back; who asks for it next waits for the same loading."""
    name = "slow_library_of_this_test"
    (tmp_path / f"{name}.py").write_text("import time\ntime.sleep(1.5)\nvalue = object()\n")
    monkeypatch.syspath_prepend(tmp_path)
    job = Job()
    threading.Timer(0.1, job.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        load_library(name, job)
    assert time.monotonic() - began < 1
    found = load_library(name, Job())
    assert 1 < time.monotonic() - began < 3
    assert found.value is load_library(name, SILENT).value
    del sys.modules[name]


def test_a_library_that_is_missing_is_said_so() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        load_library("no_such_library", Job())
