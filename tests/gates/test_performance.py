"""The performance page: in step with what was counted, estimates apart from what was measured, and
no claim where the range of an estimate covers a published figure."""

import json
import tomllib
from collections.abc import Callable

import pytest
from performance import estimate, performance_text, published, verdict
from trees import ROOT

from tinsmith.core.quantity import Estimated
from tinsmith.devices.board import BOARDS

TABLES = ("Ours, estimated", "Published, measured on silicon", "Instructions, all of them emulated")


def section(text: str, title: str) -> str:
    """What stands below a heading."""
    return text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_another_count_makes_the_page_stale(tree, fails: Callable) -> None:
    file = tree.root / "benchmarks/results/compiler.json"
    rows = json.loads(file.read_text())
    next(r for r in rows if r["model"] == "kws_ref_model" and r["aim"] == "speed")["flash"] += 4
    file.write_text(json.dumps(rows))
    fails(tree.make("gate-docs"), "performance.md: differs")


def test_another_published_figure_makes_the_page_stale(tree, fails: Callable) -> None:
    file = tree.root / "benchmarks/published.toml"
    file.write_text(file.read_text().replace("23.155", "24.155"))
    fails(tree.make("gate-docs"), "performance.md: differs")


@pytest.mark.parametrize(
    ("cycles", "words"),
    [(79, "above"), (80, "not distinguishable"), (100, "not distinguishable"),
     (120, "not distinguishable"), (121, "below")],
)  # fmt: skip
def test_a_range_that_covers_a_figure_is_no_win(cycles: float, words: str) -> None:
    ours = Estimated(100.0, "cycles", "b", "s", low=80.0, high=120.0)
    assert words in verdict(ours, cycles)


def test_the_estimate_is_the_products_own() -> None:
    board = BOARDS.get("nucleo_l4r5zi")
    found = estimate({"model_cycles": 1000}, board)
    assert found is not None and board.calibration is not None
    factor, spread = board.calibration.factor, board.calibration.spread
    assert (found.low, found.high) == (1000 * factor * (1 - spread), 1000 * factor * (1 + spread))
    assert estimate({"model_cycles": None}, BOARDS.get("rpi_pico")) is None


def test_what_is_estimated_and_what_was_measured_share_no_table() -> None:
    text = performance_text(ROOT)
    estimated, silicon, counted = (section(text, t) for t in TABLES)
    others = tomllib.loads((ROOT / "benchmarks/published.toml").read_text(encoding="utf-8"))
    for p in published(others["measured"]):
        assert p.row["submitter"] in silicon
        assert p.row["submitter"] not in estimated + counted
    assert "tinsmith" not in silicon and "nucleo_l4r5zi" in estimated
    assert "not official MLPerf results" in text and "not verified by MLCommons" in text


def test_every_published_figure_has_a_source_and_a_board() -> None:
    others = tomllib.loads((ROOT / "benchmarks/published.toml").read_text(encoding="utf-8"))
    for p in published(others["measured"]):
        at = others["round"][p.row["round"]]
        assert at["repository"].startswith("https://") and len(at["commit"]) == 40
        assert p.row["like"] in BOARDS.names() and p.row["folder"]
        assert 1e5 < p.cycles < 1e8
