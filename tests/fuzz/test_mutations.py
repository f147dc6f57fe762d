"""Mutations of real model files of every format: each is refused by name, or imported; then its C
equals the interpreter to the last bit and, where LiteRT accepts the file, its reference kernels."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hostile import compiled, litert
from hostile.mutate import mutated
from hostile.reading import BUG, Answer, read_all, read_alone
from hostile.seeds import shared_files, trained_files

from tinsmith.ir.graph import Graph

FULL, SAMPLE = 1000, 24
TFLITE_SHARE = 0.45
ALONE = 40
"""Every so manieth file is read once more as users read it, by itself."""
BATCH = 12
TOLERANCE = 1e-5
OVERFLOW = 1e30
BEYOND = 2.0**31
CODES = ("import.", "sandbox.")


def written(numbers: range, seeds: Sequence[Path], folder: Path) -> list[Path]:
    """Mutated files; each number is the same file in every run."""
    lite = [p for p in seeds if p.suffix == ".tflite"]
    rest = [p for p in seeds if p.suffix != ".tflite"]
    kinds = sorted({p.suffix for p in rest})
    found = []
    for number in numbers:
        rng = np.random.default_rng([2028, number])
        if rng.random() < TFLITE_SHARE:
            same = lite
        else:
            kind = kinds[int(rng.integers(len(kinds)))]
            same = [p for p in rest if p.suffix == kind]
        source, other = (same[int(i)] for i in rng.integers(len(same), size=2))
        data = mutated(source.read_bytes(), other.read_bytes(), rng)
        found.append(folder / f"m{number}_{source.stem}{source.suffix}")
        found[-1].write_bytes(data)
    return found


def judged(answers: Sequence[Answer]) -> Counter[str]:
    """Counts of refusals by code; the accepted as ``accepted``. Bugs and crashes fail."""
    wrong = [a for a in answers if a.graph is None and not a.code.startswith(CODES)]
    wrong += [a for a in answers if a.code == "sandbox.crash"]
    assert not wrong, "\n".join(f"{a.path}: {a.code} {a.text}" for a in wrong)
    return Counter(a.code or "accepted" for a in answers)


def compile_all(graphs: Sequence[Graph]) -> Counter[str]:
    """Every graph: C = interpreter; counts of those that cannot be compiled, by code."""
    seen: Counter[str] = Counter()
    for at in range(0, len(graphs), BATCH):
        codes, differences = compiled.refusals_and_differences(graphs[at : at + BATCH])
        assert not differences, differences[:20]
        seen.update(codes)
    return seen


def compare_with_litert(accepted: Sequence[Answer], folder: Path) -> Counter[str]:
    """Counts of what LiteRT made of the accepted files."""
    answers = [a for a in accepted if a.path.endswith(".tflite") and a.graph is not None]
    files = []
    for a in answers:
        assert a.graph is not None
        files.append((Path(a.path), list(compiled.inputs_of(a.graph).values())))
    seen: Counter[str] = Counter()
    wrong = []
    for number, state in enumerate(litert.run_all(files, folder)):
        if state == litert.OUTPUTS:
            graph = answers[number].graph
            assert graph is not None
            state = compared(graph, litert.outputs_of(folder, number))
            if state.startswith("differs"):
                wrong.append(f"{answers[number].path}: {state}")
        seen[state] += 1
    assert not wrong, "\n".join(wrong)
    return seen


def compared(graph: Graph, theirs: Sequence[np.ndarray]) -> str:
    """``agrees``, ``overflows`` (a float leaves the numbers that sums in any order agree on),
    ``undefined`` (an integer leaves what LiteRT's arithmetic is defined for), or how it differs."""
    values = compiled.interpreted(graph)
    if undefined(graph, values):
        return "undefined"
    if any(v.dtype.kind == "f" and not (np.abs(v) < OVERFLOW).all() for v in values.values()):
        return "overflows"
    for name, want in zip(graph.outputs, theirs, strict=True):
        got = values[name]
        if got.dtype != want.dtype or got.size != want.size:
            return f"differs: {name} is {got.dtype}{got.shape}, theirs {want.dtype}{want.shape}"
        want = want.reshape(got.shape)
        if got.dtype.kind != "f" and not np.array_equal(got, want):
            return f"differs: {name}, by {np.abs(got.astype(float) - want).max()}"
        if got.dtype.kind == "f":
            largest = max(1.0, float(np.abs(got).max()))
            if not (np.abs(got.astype(float) - want) <= TOLERANCE * largest).all():
                return f"differs: {name}, by {np.abs(got - want).max()} of {largest}"
    return "agrees"


def undefined(graph: Graph, values: compiled.Arrays) -> bool:
    """Whether a 64-bit sum, scaled, needs more than 32 bits: TensorFlow Lite's
    MultiplyByQuantizedMultiplier assumes that it fits (kernels/internal/common.h) and wraps where
    it does not, before it clamps; what is meant is the clamped value, which is ours."""
    for node in graph.nodes:
        if node.op == "requantize" and graph.type(node.inputs[0]).dtype == "int64":
            sums, multiplier, shift = (
                values.get(i, graph.constants.get(i)) for i in node.inputs[:3]
            )
            assert sums is not None and multiplier is not None and shift is not None
            scaled = np.abs(sums.astype(float)) * multiplier * 2.0 ** (shift - 31.0)
            if scaled.max() >= BEYOND:
                return True
    return False


def campaign_of(numbers: range, shared: Path, folder: Path) -> dict[str, dict[str, int]]:
    """Figures of the files of these numbers."""
    for part in ("seeds", "files", "litert"):
        (folder / part).mkdir()
    seeds = [*shared_files(shared), *trained_files(folder / "seeds")]
    paths = written(numbers, seeds, folder / "files")
    answers = read_all(paths)
    outcomes = judged(answers)
    for answer in answers[::ALONE]:
        alone = read_alone(Path(answer.path))
        assert alone.code == answer.code, (alone.code, answer.code, answer.path)
    accepted = [a for a in answers if a.graph is not None]
    formats = Counter(Path(a.path).suffix for a in accepted)
    not_compiled = compile_all([a.graph for a in accepted if a.graph is not None])
    reference = compare_with_litert(accepted, folder / "litert")
    figures = {
        "outcomes": outcomes, "accepted_by_format": formats, "litert": reference,
        "files_by_format": Counter(p.suffix for p in paths), "not_compiled": not_compiled,
    }  # fmt: skip
    return {k: dict(sorted(v.items())) for k, v in figures.items()}


@pytest.mark.slow
def test_mutated_files_are_refused_or_equal(
    campaign: Callable[..., int], record_result: Callable[..., None], shared: Path, tmp_path: Path
) -> None:
    files = campaign(FULL, least=SAMPLE)
    figures = campaign_of(range(files), shared, tmp_path)
    print(figures)
    assert figures["outcomes"]["accepted"] and len(figures["outcomes"]) > 1, figures
    record_result("mutations", {"files": files, **figures})


def test_a_parser_that_raises_something_else_is_seen() -> None:
    with pytest.raises(AssertionError, match="Traceback"):
        judged([Answer("a.onnx", BUG, "Traceback ...")])
    with pytest.raises(AssertionError, match="crash"):
        judged([Answer("a.onnx", "sandbox.crash", "It crashed")])
    assert judged([Answer("a.onnx", "import.onnx.broken", "")]) == {"import.onnx.broken": 1}
