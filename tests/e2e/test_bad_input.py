"""Every mistake a user can make ends in one clear message and exit code 2; nothing is lost."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

Change = Callable[[Path], object]


def edit(old: str, new: str) -> Change:
    """A change of project.toml; the old text must be there."""

    def change(project: Path) -> None:
        file = project / "project.toml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    return change


def rewrite(name: str, change: Callable[[str], str | bytes]) -> Change:
    """A change of one recording."""

    def apply(project: Path) -> None:
        file = project / "recordings" / name
        found = change(file.read_text())
        file.write_bytes(found if isinstance(found, bytes) else found.encode())

    return apply


def only(*kept: str) -> Change:
    """Keep only these recordings."""

    def change(project: Path) -> None:
        for file in (project / "recordings").iterdir():
            if file.name not in kept:
                file.unlink()

    return change


def cell(row: int, column: int, value: str) -> Callable[[str], str]:
    """Replace one value of a CSV text."""

    def change(text: str) -> str:
        lines = text.splitlines()
        values = lines[row].split(",")
        values[column] = value
        lines[row] = ",".join(values)
        return "\n".join(lines) + "\n"

    return change


def slower(text: str) -> str:
    """The same samples, at half the rate."""
    head, *rows = text.splitlines()
    split = [r.split(",") for r in rows]
    return "\n".join([head, *(",".join([f"{2 * float(t):.4f}", *v]) for t, *v in split)]) + "\n"


BAD: dict[str, tuple[Change, tuple[str, ...]]] = {
    "no project": (lambda p: (p / "project.toml").unlink(), ("project.toml", "tinsmith init")),
    "project is not toml": (edit("[data]", "[data"), ("project.toml", "TOML")),
    "missing file": (edit('"recordings"', '"lost.csv"'), ("lost.csv",)),
    "missing package": (edit('"recordings"', '"package:nowhere/x.ts"'), ("nowhere", "pip install")),
    "empty file": (rewrite("calm.0.csv", lambda t: ""), ("calm.0.csv", "empty")),
    "truncated file": (rewrite("calm.0.csv", lambda t: t[: len(t) // 2 - 12]), ("calm.0.csv",)),
    "binary garbage": (
        rewrite("calm.0.csv", lambda t: bytes(range(256)) * 40),
        ("calm.0.csv",),
    ),
    "mixed rates": (rewrite("calm.0.csv", slower), ("50", "25", "Hz")),
    "nan": (rewrite("calm.1.csv", cell(7, 1, "nan")), ("calm.1.csv", "8", "acc_x")),
    "infinity": (rewrite("calm.1.csv", cell(7, 2, "inf")), ("calm.1.csv", "8", "acc_y")),
    "one class": (only("calm.0.csv", "calm.1.csv", "calm.2.csv"), ("calm", "class")),
    "one sample": (
        rewrite("calm.0.csv", lambda t: "\n".join(t.splitlines()[:2]) + "\n"),
        ("calm.0.csv", "sample"),
    ),
    "too few recordings": (only("calm.0.csv", "wild.0.csv"), ("wild",)),
    "unknown board": (edit("rpi_pico", "rpi_pic"), ("rpi_pic", "Did you mean 'rpi_pico'?")),
    "unknown block": (edit("statistics", "statistic"), ("Did you mean 'statistics'?",)),
    "unknown family": (edit('"linear"', '"linaer"'), ("Did you mean 'linear'?",)),
    "unknown key": (edit("golden", "goldn"), ("goldn", "Did you mean 'golden'?")),
    "wrong value": (edit("samples = 32", "samples = -1"), ("window.samples", "-1")),
    "wrong limit": (
        lambda p: edit("[data]", "[limits]\nmin_accuracy = 7\n[data]")(p),
        ("limits.min_accuracy", "0 to 1"),
    ),
    "wrong rate": (edit("rate_hz = 50", "rate_hz = 60"), ("60", "50")),
    "wrong channel": (edit('"acc_y"', '"acc_q"'), ("acc_q",)),
    "wrong range": (edit("full_scale = 8", "full_scale = 0.1"), ("full_scale",)),
}


@pytest.mark.parametrize("name", BAD)
def test_one_clear_message(
    name: str, small: Path, tinsmith: Callable[..., subprocess.CompletedProcess]
) -> None:
    change, words = BAD[name]
    change(small)
    before = fingerprint(small)
    done = tinsmith("run", "--project", small)
    assert_refused(done, *words)
    assert fingerprint(small) == before


def test_truncated_ts(small: Path, tinsmith: Callable[..., subprocess.CompletedProcess]) -> None:
    values = ",".join(str(i % 5) for i in range(64))
    rows = [f"{values}:{values}:calm", f"{values}:{values[:20]}"]
    head = ("@problemName x", "@univariate false", "@dimensions 2", "@classLabel true calm")
    (small / "cut.ts").write_text("\n".join([*head, "@data", *rows]))
    edit('"recordings"', '"cut.ts"')(small)
    assert_refused(tinsmith("run", "--project", small), "cut.ts")


def test_failed_import_keeps_the_dataset(
    small: Path, tinsmith: Callable[..., subprocess.CompletedProcess]
) -> None:
    assert tinsmith("data", "import", small / "recordings", "--project", small).returncode == 0
    edit('sources = ["recordings"]', 'dataset = "data"')(small)
    before = fingerprint(small)
    (small / "bad.csv").write_bytes(b"\0\1\2")
    assert_refused(tinsmith("data", "import", small / "bad.csv", "-p", small), "bad.csv")
    (small / "bad.csv").unlink()
    assert fingerprint(small) == before
    assert tinsmith("data", "show", "--project", small).returncode == 0


def test_model_beyond_the_limit(
    small: Path, tinsmith: Callable[..., subprocess.CompletedProcess]
) -> None:
    edit("[data]", "[limits]\nram_bytes = 100\n[data]")(small)
    done = tinsmith("run", "--project", small)
    assert_refused(done, "needs", "has 100 B", "largest buffer", "Try")
    assert (small / "build" / "report.html").exists()
    assert not json.loads((small / "build" / "record.json").read_text())["accepted"]


def test_model_beyond_the_board(
    small: Path, tinsmith: Callable[..., subprocess.CompletedProcess]
) -> None:
    """A window of 40 000 samples: its 320 000 bytes as floats are more than the Pico's RAM."""
    for file in (small / "recordings").iterdir():
        if int(file.suffixes[0][1:]) >= 4:  # four of each class will do
            file.unlink()
            continue
        head, *rows = file.read_text().splitlines()
        body = [r.split(",", 1)[1] for r in rows]
        long = [f"{i / 50:.4f},{body[i % len(body)]}" for i in range(40_000)]
        file.write_text("\n".join([head, *long]) + "\n")
    edit("samples = 32", "samples = 40000")(small)
    assert_refused(tinsmith("run", "--project", small), "needs", "has", "argest buffer", "ry")


def test_wrong_commands(tinsmith: Callable[..., subprocess.CompletedProcess]) -> None:
    for arguments, words in (
        (("board", "show", "rpi_pic"), "Did you mean 'rpi_pico'?"),
        (("kinds", "blok"), "Did you mean 'block'?"),
        (("kinds", "block", "spectal"), "Did you mean 'spectral'?"),
    ):
        assert_refused(tinsmith(*arguments), words)
    for arguments in (("runn",), ("run", "--wrong"), ("data", "import")):
        done = tinsmith(*arguments)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("step", "seconds"),
    [("features", 1.5), ("compile rpi_pico", 1.5), ("build rpi_pico", 0.05)],
    ids=["training", "compiler", "emulator"],
)
def test_interrupted_run_resumes(
    step: str,
    seconds: float,
    small: Path,
    tinsmith: Callable[..., subprocess.CompletedProcess],
    frozen: dict[str, str],
) -> None:
    if step == "features":
        edit('"linear"', '"mlp"\nhidden = [256, 256]\nepochs = 500\npatience = 500')(small)
    if step == "compile rpi_pico":  # with an empty cache compilers work for seconds
        frozen = {**frozen, "TINSMITH_CACHE": str(small / "empty")}
    code, out, err = interrupt_after(small, step, seconds, frozen)
    assert code == 130, out + err
    assert messages(err) == 1
    assert "Cancelled." in err
    assert "Traceback" not in out + err
    (record,) = (small / ".tinsmith" / "runs").glob("*.json")
    before = json.loads(record.read_text())
    assert not before["finished"]
    done = tinsmith("run", "--project", small)
    assert done.returncode == 0, done.stderr
    assert f"{before['executed']} served" in done.stdout, done.stdout
    # How far a fast machine came before the signal is not known; the rest is computed now.
    steps = re.findall(r"^ +(executed|served) +(\S.*?)  ", done.stdout, re.MULTILINE)
    recorded = [s["name"] for s in before["steps"]]
    assert step in recorded
    assert [name for _, name in steps[: len(recorded)]] == recorded
    assert {how for how, _ in steps[: len(recorded)]} == {"served"}
    assert {how for how, _ in steps[len(recorded) :]} <= {"executed"}


def interrupt_after(
    project: Path, step: str, seconds: float, frozen: dict[str, str]
) -> tuple[int, str, str]:
    """Ctrl-C while the step after ``step`` works: SIGINT to the whole process group, as a terminal
    does."""
    command = [sys.executable, "-m", "tinsmith.cli", "run", "--project", str(project)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=frozen,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    seen = ""
    while step not in seen:
        line = process.stdout.readline()
        assert line, f"ended before {step}: {seen}"
        seen += line
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return process.returncode, seen + out, err


def assert_refused(done: subprocess.CompletedProcess, *words: str) -> None:
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert messages(done.stderr) == 1, done.stderr
    for word in words:
        assert word in done.stderr, f"{word!r} is not in: {done.stderr}"


def messages(err: str) -> int:
    """Messages that end a command; notes are none."""
    return err.count("tinsmith: ") - err.count("tinsmith: note: ")


def fingerprint(project: Path) -> dict[str, str]:
    """What belongs to the user: all files but tinsmith's own state and results."""
    files = [p for p in project.rglob("*") if p.is_file()]
    names = {p: p.relative_to(project) for p in files}
    return {
        str(n): sha256(p.read_bytes()).hexdigest()
        for p, n in names.items()
        if n.parts[0] not in (".tinsmith", "build")
    }
