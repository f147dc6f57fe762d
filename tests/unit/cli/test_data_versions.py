"""`tinsmith data history` and `data diff`."""

import json
from pathlib import Path

from typer.testing import CliRunner

from tinsmith.cli.commands.data import app
from tinsmith.core.progress import SILENT
from tinsmith.data.format import ReadOptions
from tinsmith.data.imports import import_files


def said(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_history_and_difference(tmp_path: Path) -> None:
    ids = []
    for i in range(3):
        path = tmp_path / "in" / f"walk.{i}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"x,y\n{i // 2}.{'0' * i},2\n3,4\n")
        options = ReadOptions(rate_hz=50.0)
        ids.append(import_files([path], "set", options, tmp_path / "data", SILENT).id)
    project = ("--project", str(tmp_path))
    rows = [
        line.split() for line in said("history", *project).splitlines() if "version" not in line
    ]
    assert [r[0] for r in rows if r] == [i[:16] for i in reversed(ids)]
    assert [r["added"] for r in json.loads(said("history", "--json", *project))] == [1, 0, 0]
    assert "walk.2.csv:2" in said("diff", *project)
    found = json.loads(said("diff", ids[0][:8], ids[1][:8], "--json", *project))
    assert (found["old"], found["new"], found["added"]) == (ids[0], ids[1], [])
    assert "walk.1.csv:2 has the same samples" in found["notes"][0]
    assert "nothing" in said("diff", ids[0], ids[0], *project)
