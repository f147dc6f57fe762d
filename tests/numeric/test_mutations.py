"""The tests can fail: each kernel file names a wrong text (`/* mutant: "old" -> "new" */`); planted
in place of the right one, the tables of the operations must notice it."""

import re
from pathlib import Path

import numpy as np
import pytest

from tinsmith.core.errors import InternalError
from tinsmith.ir.op import OPS, Case, Op
from tinsmith.prove.bits import equal
from tinsmith.testing.kernels import (
    HostKernels,
    all_kernels,
    case_site,
    compile_kernels,
    kernel_sources,
)

MUTANT = re.compile(r'^/\* mutant: "(.+)" -> "(.+)" \*/\n', re.MULTILINE)
FLAGS = ("-O2", "-std=c99", "-DTS_NO_FPU")
HEADERS = {n: text for n, text in kernel_sources().items() if n.endswith(".h")}
PLANTS = [
    pytest.param(name, old, new, id=f"{name}-{i}")
    for name, text in sorted(kernel_sources().items())
    for i, (old, new) in enumerate(MUTANT.findall(text))
]


@pytest.mark.parametrize(("op", "dtype"), all_kernels())
def test_every_kernel_names_a_mutant(op: str, dtype: str) -> None:
    assert MUTANT.search(kernel_sources()[f"{OPS.get(op).kernel_name(dtype)}.c"])


def test_every_kernel_file_belongs_to_an_operation() -> None:
    bound = {f"{OPS.get(op).kernel_name(dtype)}.c" for op, dtype in all_kernels()}
    assert bound == {n for n in kernel_sources() if n.endswith(".c")}


@pytest.mark.parametrize(("name", "old", "new"), PLANTS)
def test_the_planted_line_is_caught(name: str, old: str, new: str, kernel_folder: Path) -> None:
    text = MUTANT.sub("", kernel_sources()[name])
    assert text.count(old) == 1, "the right text must occur exactly once"
    sources = {**kernel_sources(), name: text.replace(old, new)}
    if name.endswith(".c"):
        sources = {n: t for n, t in sources.items() if n == name or n in HEADERS}
    kernels = compile_kernels(kernel_folder, FLAGS, sources)
    assert any(
        differs(kernels, OPS.get(op), case)
        for op, dtype in all_kernels()
        if f"{OPS.get(op).kernel_name(dtype)}.c" in sources
        for case in OPS.get(op).cases.values()
        if case.types[0].dtype == dtype
    )


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
