"""A board whose only runner sees outputs and no layers: a project is measured and proven on it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from firmwares import CACHE, inputs, mixed_graph

from tinsmith.bench.outcome import Outcome, RunOptions
from tinsmith.bench.run import run
from tinsmith.cli.main import call
from tinsmith.codegen.compile import compile_graph
from tinsmith.core.progress import SILENT
from tinsmith.flow import model_target
from tinsmith.flow.model_target import choose_target
from tinsmith.flow.trial import Cases, Trial, prove

BOARD = "alif_e7"
PROJECT = f"""
name = "outputs"
seed = 1
boards = ["{BOARD}"]
golden = 4
[data]
sources = ["recordings"]
[signal]
channels = ["acc"]
units = "g"
rate_hz = 50
[sensor]
dtype = "int16"
full_scale = 8
[window]
samples = 32
[[block]]
name = "statistics"
[model]
family = "linear"
"""


@pytest.fixture
def project(tmp_path: Path, require_tool: Callable[..., str]) -> Path:
    require_tool("qemu-system-arm")
    pytest.importorskip("torch")
    (tmp_path / "project.toml").write_text(PROJECT)
    (tmp_path / "recordings").mkdir()
    draw = np.random.default_rng(1)
    for label, gain in (("calm", 0.2), ("wild", 3.0)):
        for i in range(40):  # as many as it takes to tell learning from guessing
            rows = [f"{gain * v:.5f}" for v in np.clip(draw.normal(size=64), -2, 2)]
            file = tmp_path / "recordings" / f"{label}.{i}.csv"
            file.write_text("\n".join(["acc", *rows]) + "\n")
    return tmp_path


def test_a_project_is_measured_and_proven(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("TINSMITH_CACHE", str(CACHE.parent))
    assert call(["run", "--project", str(project), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["boards"]
    assert found["accepted"] and found["quantities"]["instructions"]["value"] > 0
    assert [v["origin"] for v in found["proof"]] == ["host C", f"{BOARD}/qemu"]
    (said,) = [g["reasons"] for g in found["gates"] if g["name"] == "equal"]
    assert said[0].endswith("on host C.") and f"on {BOARD}/qemu: its runner sees no" in said[1]
    page = (project / "build" / "report.html").read_text()
    assert "<td>not seen</td>" in page and "differs" not in page
    assert call(["prove", "--project", str(project), "--json"]) == 0
    (proof,) = json.loads(capsys.readouterr().out)
    seen = [stage["equal"] for stage in proof["stages"]]
    assert seen[1] == [True, None] and seen[-1] == [True, True]
    assert call(["prove", "--project", str(project)]) == 0
    assert "on the host, not seen on the board" in capsys.readouterr().out


def test_a_wrong_output_is_not_blamed_on_one_layer(
    monkeypatch: pytest.MonkeyPatch, require_tool: Callable[..., str]
) -> None:
    require_tool("qemu-system-arm")

    def spoiled(*arguments: object) -> Outcome:
        outcome = run(*arguments)  # type: ignore[arg-type]  # what it was called with
        assert isinstance(arguments[3], RunOptions) and not arguments[3].trace
        wrong = {n: a.copy() for n, a in outcome.outputs.items()}
        wrong["sums"].flat[0] += 1
        return replace(outcome, outputs=wrong)

    target = choose_target(BOARD, cache=CACHE.parent)
    monkeypatch.setattr(model_target, "run", spoiled)
    firmware = target.build(compile_graph(mixed_graph(), BOARD))
    proof = prove(Trial(firmware, target), Cases(inputs(2)), tuple, SILENT)
    assert [v.equal for v in proof.verdicts] == [True, False]
    found = proof.verdicts[1].divergence
    assert found is not None and found.value == "sums"
    assert found.evidence.endswith("the fault lies in this layer or before.")
    assert {row.equal for row in proof.stages} >= {(True, False)}
