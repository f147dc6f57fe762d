"""Campaigns: left out by default, sized by --campaign, resumable, recorded at full size only."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from trees import Tree

TEST = """
import pytest

@pytest.mark.slow
@pytest.mark.parametrize("part", ["a", "b"])
def test_planted(part, campaign, record_result, rng, request):
    print("cases", campaign(300), campaign(300, least=40), rng.integers(1000))
    record_result(f"planted_{part}", {"cases": campaign(300)})
    assert part == "a" or not request.config.rootpath.joinpath("broken").exists()
"""
GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")


def run(tree: Tree, *arguments: str) -> str:
    """One run of the planted campaign; its output."""
    test = "TEST_ARGS=-s -rs tests/unit/test_planted.py " + " ".join(arguments)
    return tree.make("test", test, "JOBS=0").stdout  # one process: it prints what it ran


@pytest.fixture
def planted(tree: Tree, require_tool: Callable[..., str]) -> Tree:
    require_tool("git")
    tree.write("tests/unit/test_planted.py", TEST)
    tree.write(".gitignore", "__pycache__/\n.pytest_cache/\nbroken\n")
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "x")):
        assert tree.run(*GIT, *command).returncode == 0
    return tree


def results(tree: Tree) -> list[Path]:
    return sorted((tree.root / "benchmarks" / "results").glob("planted_*.json"))


def test_campaigns_are_left_out_by_default(planted: Tree) -> None:
    output = run(planted)
    assert "2 skipped" in output and "give --campaign SHARE" in output


def test_a_share_sizes_them_and_writes_no_results(planted: Tree) -> None:
    output = run(planted, "--campaign 0.01")
    assert "cases 3 40" in output and "2 passed" in output and not results(planted)


def test_the_seed_is_printed_and_decides(planted: Tree) -> None:
    first, again = (run(planted, "--campaign 0.01") for _ in range(2))
    other = run(planted, "--campaign 0.01", "--seed 7")
    numbers = [[x for x in o.splitlines() if "cases" in x] for o in (first, again, other)]
    assert numbers[0] == numbers[1] != numbers[2]


def test_full_size_is_recorded_with_its_commit(planted: Tree) -> None:
    commit = planted.run("git", "rev-parse", "HEAD").stdout.strip()
    assert "cases 300 300" in run(planted, "--campaign 1")
    body = json.loads(results(planted)[0].read_text())
    assert body["figures"] == {"cases": 300} and commit.startswith(body["commit"])
    assert len(results(planted)) == 2 and body["seed"] == 1


def test_an_interrupted_campaign_goes_on(planted: Tree) -> None:
    (planted.root / "broken").write_text("")
    assert "1 failed, 1 passed" in run(planted, "--campaign 1 --resume")
    (planted.root / "broken").unlink()
    assert results(planted)  # in the tree, and not counted as a change of it
    output = run(planted, "--campaign 1 --resume")
    assert "1 passed, 1 skipped" in output and "resumed: passed at full size" in output
    assert "1 skipped" not in run(planted, "--campaign 1 --resume --seed 2")
