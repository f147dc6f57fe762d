"""Crafted hostile files of every format: each is refused by name within the sandbox's limits, or
read; then its C equals the interpreter. Nothing crashes, no parser raises anything else."""

import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hostile import compiled, documents, estimators, flatbuffers, programs, protobufs
from hostile.reading import BUG, Answer, read_all, read_alone

from tinsmith.core.errors import UserError
from tinsmith.core.sandbox import SandboxLimits, run
from tinsmith.ir.graph import Graph

LEAST = 200
"""Files in all."""
MOST_SECONDS = 20.0
MOST_BYTES = 1_000_000_000
"""Most memory of a child while it reads; the sandbox allows twice as much."""
MOST_VALUE = 1 << 28
"""Of a graph that is accepted."""
MOST_GROWTH = 200_000_000
"""Of the parent."""
ALLOWED = ("sandbox.recursion", "sandbox.memory")
Named = tuple[str, str, bytes]


def _all(files: Iterator[tuple[str, bytes]], suffix: str) -> list[Named]:
    return [(name, suffix, data) for name, data in files]


FORMATS: dict[str, Callable[[], list[Named]]] = {
    "tflite": lambda: _all(flatbuffers.crafted(), ".tflite"),
    "onnx": lambda: _all(protobufs.crafted(), ".onnx"),
    "keras": lambda: list(documents.crafted()),
    "estimators": lambda: list(estimators.crafted()),
    "programs": lambda: list(programs.crafted()),
}


@pytest.mark.parametrize("format", FORMATS)
def test_hostile_files_are_refused_or_equal(format: str, tmp_path: Path) -> None:
    files = FORMATS[format]()
    paths = []
    for number, (_, suffix, data) in enumerate(files):
        paths.append(tmp_path / f"h{number}{suffix}")
        paths[-1].write_bytes(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answers = read_all(paths)
    growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert growth <= MOST_GROWTH
    wrong = [f"{n}: {_wrong(a)}" for (n, _, _), a in zip(files, answers, strict=True) if _wrong(a)]
    assert not wrong, "\n".join(wrong)
    accepted = [a.graph for a in answers if a.graph is not None]
    assert 0 < len(accepted) < len(files) // 2
    assert all(t.nbytes <= MOST_VALUE for g in accepted for t in g.types.values())
    codes, differences = compiled.refusals_and_differences(accepted)
    assert not differences and not codes, (differences[:9], codes)


def _wrong(answer: Answer) -> str:
    """What an answer has against it; empty if it is as it should be."""
    if answer.graph is None and not answer.code.startswith("import."):
        if answer.code not in ALLOWED:
            return f"{answer.code} {answer.text}"
    elif answer.graph is None and (not answer.text or "Traceback" in answer.text):
        return f"{answer.code} says nothing of use: {answer.text!r}"
    if answer.seconds > MOST_SECONDS or answer.peak_bytes > MOST_BYTES:
        return f"took {answer.seconds:.1f} s and {answer.peak_bytes} bytes"
    return ""


def test_there_are_two_hundred_and_no_two_alike() -> None:
    files = [(format, name) for format, make in FORMATS.items() for name, _, _ in make()]
    assert len(set(files)) == len(files) >= LEAST


@pytest.mark.parametrize(("code", "data"), list(protobufs.greedy()), ids=["memory", "time"])
def test_limits_hold(code: str, data: bytes, tmp_path: Path) -> None:
    """Files that are sound and ask for more than the sandbox gives."""
    path = tmp_path / "net.onnx"
    path.write_bytes(data)
    limits = SandboxLimits(memory_bytes=600_000_000, cpu_s=2.0)
    with pytest.raises(UserError) as refused:
        run("tinsmith.importers.onnx.convert:convert", (path, "m"), Graph, limits)
    assert refused.value.code == code


def test_the_importers_own_way_says_the_same(tmp_path: Path) -> None:
    """A file of every format, read as users read it."""
    paths = []
    for format, make in FORMATS.items():
        _, suffix, data = make()[-1]
        paths.append(tmp_path / f"{format}{suffix}")
        paths[-1].write_bytes(data)
    answers = read_all(paths)
    assert len(answers) == len(FORMATS)
    for together in answers:
        alone = read_alone(Path(together.path))
        assert together.code and together.code == alone.code
        assert alone.text.endswith(together.text)


def test_what_is_wrong_is_seen() -> None:
    assert _wrong(Answer("a", BUG, "Traceback"))
    assert _wrong(Answer("a", "sandbox.crash", "It crashed."))
    assert _wrong(Answer("a", "import.onnx.op", ""))
    assert _wrong(Answer("a", "import.onnx.op", "No.", seconds=99))
    assert _wrong(Answer("a", "import.onnx.op", "No.", peak_bytes=2 << 30))
    assert not _wrong(Answer("a", "import.onnx.op", "No."))
