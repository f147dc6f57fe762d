"""The tests can fail: for each kernel file `tests/mutants` names wrong texts (`"old" -> "new"`), or
for the body that it shares; planted in place of the right one, the tables of the operations must
notice it: for a body those of every kernel that includes it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from tinsmith.core.errors import InternalError
from tinsmith.ir.op import OPS, Case, Op
from tinsmith.prove.bits import equal
from tinsmith.testing.kernels import (
    HostKernels,
    Tested,
    all_kernels,
    case_site,
    compile_kernels,
    kernel_sources,
)

MUTANT = re.compile(r'^"(.+)" -> "(.+)"$', re.MULTILINE)
FOLDER = Path(__file__).parents[1] / "mutants"
MUTANTS = {p.name.removesuffix(".txt"): MUTANT.findall(p.read_text()) for p in FOLDER.iterdir()}
"""File of a kernel, header or body -> wrong texts in place of right ones."""
FLAGS = ("-O0", "-std=c99", "-DTS_NO_FPU")
SOURCES = kernel_sources()
HEADERS = {n: text for n, text in SOURCES.items() if not n.endswith(".c")}
INCLUDE = re.compile(r'^#include "(ts_\w+\.(?:h|inc))"', re.MULTILINE)
FEW = 6
"""Kernels that are compiled at once to see a wrong line of a header."""


def plants(suffix: str) -> list[tuple[str, int]]:
    """(file, number of its wrong text)."""
    return [
        (name, i)
        for name in sorted(SOURCES)
        if name.endswith(suffix)
        for i, _ in enumerate(MUTANTS.get(name, ()))
    ]


PLANTS, HEADER_PLANTS = plants(".c"), [*plants(".h"), *plants(".inc")]


@pytest.mark.parametrize("kernel", all_kernels(), ids=str)
def test_every_kernel_names_a_mutant(kernel: Tested) -> None:
    """The body that it includes does, and its file where that says more than types."""
    bodies = [n for n in included(kernel.file) if is_body(n)]
    assert all(MUTANTS.get(name) for name in bodies)
    assert MUTANTS.get(kernel.file) or (bodies and "#define" not in SOURCES[kernel.file])


def test_every_kernel_file_belongs_to_an_operation() -> None:
    assert {k.file for k in all_kernels()} == {n for n in SOURCES if n.endswith(".c")}


def test_every_wrong_text_belongs_to_a_file() -> None:
    assert not MUTANTS.keys() - SOURCES.keys()


def planted(name: str, old: str, new: str) -> str:
    text = SOURCES[name]
    assert text.count(old) == 1, f"{name}: {old!r} must occur exactly once"
    return text.replace(old, new)


@pytest.fixture(scope="module")
def wrong_kernels(kernel_folder: Path) -> HostKernels:
    """Every kernel file with each of its wrong texts, all in one shared object: the functions of
    wrong text i end with ``_wrong_i``."""
    sources = {}
    for name, i in PLANTS:
        old, new = MUTANTS[name][i]
        sources |= {f"wrong_{i}/{header}": text for header, text in HEADERS.items()}
        sources[f"wrong_{i}/{name}"] = renamed(name, planted(name, old, new), f"_wrong_{i}")
    return compile_kernels(kernel_folder, FLAGS, sources)


@pytest.mark.parametrize(("name", "number"), PLANTS)
def test_the_planted_line_is_caught(name: str, number: int, wrong_kernels: HostKernels) -> None:
    kernels = replace(wrong_kernels, suffix=f"_wrong_{number}")
    assert any(caught(kernels, bound) for bound in all_kernels() if bound.file == name)


def test_right_lines_are_not_caught(kernel_folder: Path) -> None:
    kernels = compile_kernels(kernel_folder, FLAGS)
    assert not [bound for bound in all_kernels() if caught(kernels, bound)]


@pytest.fixture(scope="module")
def wrong_headers(kernel_folder: Path) -> HostKernels:
    """For each wrong text of a header the kernels that are likeliest to show it, all in one shared
    object; their functions end with `ending`."""
    sources = {}
    for plant in HEADER_PLANTS:
        few = None if is_body(plant[0]) else FEW
        sources |= with_wrong_header(*plant, some=using(*plant)[:few])
    return compile_kernels(kernel_folder, FLAGS, sources)


@pytest.mark.parametrize(("name", "number"), HEADER_PLANTS)
def test_the_planted_line_of_a_header_is_caught(
    name: str, number: int, wrong_headers: HostKernels, kernel_folder: Path
) -> None:
    """Kernels that include the header, few at a time until one shows it; all of those whose body it
    is."""
    likely, suffix = using(name, number), ending(name, number)
    kernels = replace(wrong_headers, suffix=suffix)
    if is_body(name):
        assert len(likely) >= 2
        assert all(caught(kernels, bound) for bound in likely)
        return
    for some in batches(likely):
        if some != likely[:FEW]:
            wrong = with_wrong_header(name, number, some)
            kernels = replace(compile_kernels(kernel_folder, FLAGS, wrong), suffix=suffix)
        if any(caught(kernels, bound) for bound in some):
            return
    old, new = MUTANTS[name][number]
    pytest.fail(f"{name}: {old!r} -> {new!r} is not seen")


def is_body(name: str) -> bool:
    """Whether a file holds statements that kernels for several types have in common."""
    return name.endswith(".inc")


def ending(name: str, number: int) -> str:
    return f"_{name.partition('.')[0]}_{number}"


def renamed(name: str, text: str, suffix: str) -> str:
    """A kernel file whose function ends with ``suffix``."""
    function = f"ts_{name.removesuffix('.c')}"
    return re.sub(rf"\b{function}\b", f"{function}{suffix}", text)


def using(name: str, number: int) -> list[Tested]:
    """Kernels that include a header, those first that call the function of a wrong text."""
    function = enclosing(SOURCES[name], MUTANTS[name][number][0])
    found = [b for b in all_kernels() if name in included(b.file)]
    return sorted(found, key=lambda b: function not in SOURCES[b.file])


def with_wrong_header(name: str, number: int, some: Sequence[Tested]) -> dict[str, str]:
    """Sources of some kernels with one wrong text in a header, in a folder of their own."""
    suffix = ending(name, number)
    old, new = MUTANTS[name][number]
    files = {n: renamed(n, SOURCES[n], suffix) for n in {b.file for b in some}}
    sources = {**HEADERS, name: planted(name, old, new), **files}
    return {f"{suffix.lstrip('_')}/{n}": text for n, text in sources.items()}


def batches(kernels: Sequence[Tested]) -> Iterator[list[Tested]]:
    rest = iter(kernels)
    while some := list(islice(rest, FEW)):
        yield some


def included(name: str) -> set[str]:
    """Headers that a file includes, directly or through others."""
    found: set[str] = set()
    pending = [name]
    while pending:
        fresh = set(INCLUDE.findall(SOURCES[pending.pop()])) - found
        found |= fresh
        pending += fresh
    return found


def enclosing(text: str, old: str) -> str:
    """The function of a header in which a text lies."""
    before = text[: text.index(old)]
    found = re.findall(r"^static \S+ (?:\S+ )?(ts_\w+)\(", before, re.MULTILINE)
    return found[-1] if found else old


def caught(kernels: HostKernels, kernel: Tested) -> bool:
    return any(differs(kernels, OPS.get(kernel.op), case) for case in kernel.rows.values())


def differs(kernels: HostKernels, op: Op, case: Case) -> bool:
    """Whether C's results differ from the reference, or it writes where it may not."""
    site = case_site(op, case)
    with np.errstate(all="ignore"):
        wanted = op.reference(case.operands, site)
    try:
        results = kernels.call(op, case.operands, site)
    except InternalError:
        return True
    return not all(map(equal, wanted, results))
