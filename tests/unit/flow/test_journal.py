"""Steps: computed once, served after that, written down either way; an interruption loses
nothing."""

import json
from pathlib import Path

import pytest

from tinsmith.core.cache import Cache
from tinsmith.core.errors import UserError
from tinsmith.flow.journal import Journal, Nobody


def journal(folder: Path, code: str = "a") -> Journal:
    return Journal(Cache(folder / "cache", code), folder / "runs", Nobody(), clock=lambda: 0.0)


def read(folder: Path, number: int) -> dict:
    return json.loads((folder / "runs" / f"{number:06d}.json").read_text())


def test_second_time_is_served(tmp_path: Path) -> None:
    calls = []
    for _ in range(2):
        j = journal(tmp_path)
        assert j.step("double x", int, (4,), lambda p: calls.append(1) or 8) == 8
        j.close()
    assert len(calls) == 1
    assert (j.executed, j.served) == (0, 1)
    first, second = read(tmp_path, 1), read(tmp_path, 2)
    assert [s["served"] for s in first["steps"] + second["steps"]] == [False, True]
    assert first["steps"][0]["key"] == second["steps"][0]["key"]
    assert first["began"] == "1970-01-01T00:00:00Z"
    assert first["finished"] and second["finished"]


@pytest.mark.parametrize(("code", "value"), [("a", 5), ("b", 4)])
def test_other_inputs_or_other_code_compute_anew(tmp_path: Path, code: str, value: int) -> None:
    journal(tmp_path).step("double", int, (4,), lambda p: 8)
    other = journal(tmp_path, code)
    other.step("double", int, (value,), lambda p: 2 * value)
    assert other.executed == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, UserError])
def test_interrupted_run_keeps_what_was_finished(
    tmp_path: Path, error: type[BaseException]
) -> None:
    def fail(progress: object) -> int:
        raise error("x", "y") if error is UserError else error

    j = journal(tmp_path)
    j.step("first", int, (1,), lambda p: 1)
    with pytest.raises(error):
        j.step("second", int, (2,), fail)
    assert [s["name"] for s in read(tmp_path, 1)["steps"]] == ["first"]
    assert not read(tmp_path, 1)["finished"]
    again = journal(tmp_path)
    again.step("first", int, (1,), lambda p: 1)
    again.step("second", int, (2,), lambda p: 2)
    assert (again.executed, again.served) == (1, 1)


def test_two_runs_never_share_a_record(tmp_path: Path) -> None:
    paths = {journal(tmp_path).path for _ in range(5)}
    assert len(paths) == 5
