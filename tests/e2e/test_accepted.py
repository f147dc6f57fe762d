"""Recordings of noise: no model of them is accepted, and console, report, record and facade say the
same of it."""

import json
import re
import subprocess
from collections.abc import Callable
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from firmwares import CACHE

import tinsmith as ts

Call = Callable[..., subprocess.CompletedProcess]


@pytest.fixture
def noisy(small: Path) -> Path:
    """A project whose recordings say nothing of their label."""
    rng = np.random.default_rng(3)
    for file in sorted((small / "recordings").iterdir()):
        rows = [
            f"{i / 50:.4f},{x:.5f},{y:.5f}" for i, (x, y) in enumerate(rng.normal(size=(64, 2)))
        ]
        file.write_text("\n".join(["time,acc_x,acc_y", *rows]) + "\n")
    return small


def test_noise_is_refused_by_all_in_the_same_words(noisy: Path, tinsmith: Call) -> None:
    done = tinsmith("run", "--project", noisy)
    assert done.returncode == 2
    (said,) = re.findall(r"^ +learned +NO: (.*)$", done.stdout, re.MULTILINE)
    assert re.search(r"Not better than guessing: \d+\.\d %, always naming the commonest", said)
    assert f"rpi_pico: learned: {said}" in done.stderr
    record = json.loads((noisy / "build" / "record.json").read_text())
    (gate,) = [g for g in record["boards"][0]["gates"] if g["name"] == "learned"]
    assert (" ".join(gate["reasons"]), gate["passed"], record["accepted"]) == (said, False, False)
    guessing = record["boards"][0]["accuracy"]["guessing"]
    assert guessing["enough"] and not guessing["beaten"]
    page = unescape((noisy / "build" / "report.html").read_text())
    assert said in page and "not accepted" in page
    run = ts.Project(noisy, cache=CACHE.parent).run()
    assert not run.accepted and said in str(run.boards["rpi_pico"])


def test_a_model_that_never_got_better_is_named_by_all(noisy: Path, tinsmith: Call) -> None:
    """31 epochs, best 0: a network that learns noise by heart from its first step on."""
    project = noisy / "project.toml"
    large = '"mlp"\nhidden = [128]\nlearning_rate = 0.02'
    project.write_text(project.read_text().replace('"linear"', large))
    found = json.loads(tinsmith("train", "--project", noisy, "--json").stdout)
    assert found["training"]["stuck"] and found["training"]["best"] == 0
    said = f"Training never got better than its start: {found['training']['epochs']} epochs, best 0"
    assert found["training"]["setbacks"][0] == f"{said}."
    assert f"NO: {said}." in tinsmith("train", "--project", noisy).stdout
    assert tinsmith("run", "--project", noisy).returncode == 2
    assert f"{said}." in (noisy / "build" / "report.html").read_text()
