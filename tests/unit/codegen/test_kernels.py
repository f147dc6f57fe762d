"""Kernel files: found by name, with the headers that they include and one header of prototypes."""

import pytest

from tinsmith.codegen.kernels import kernel_sources, prototype
from tinsmith.core.errors import InternalError
from tinsmith.ir.op import OPS


def test_every_kernel_of_every_op_has_its_file() -> None:
    names = [op.kernel_name(dtype) for op in OPS.all() for dtype in op.kernels]
    sources = kernel_sources(names)
    assert {f"kernels/{n}.c" for n in names} <= set(sources)
    for name in names:
        assert f"void ts_{name}(" in sources["kernels/ts_kernels.h"]


def test_only_what_is_needed_is_taken() -> None:
    found = set(kernel_sources(["dense_int8"]))
    own = {"kernels/dense_int8.c", "kernels/ts_kernel.h", "kernels/ts_kernels.h"}
    assert own <= found and "kernels/ts_module.h" in found
    assert [p for p in found if p.endswith(".c")] == ["kernels/dense_int8.c"]


def test_prototypes_over_several_lines_keep_their_comment() -> None:
    text = "/* Adds.\n * x [n]. */\n#include <x.h>\nvoid ts_a_b(const float *x,\n    int n) {\n}\n"
    want = "/* Adds.\n * x [n]. */\nvoid ts_a_b(const float *x,\n    int n);\n"
    assert prototype("a_b", text) == want


@pytest.mark.parametrize("text", ["", "void ts_c(int n) {\n}\n", "void ts_a_b(int n) {\n}\n" * 2])
def test_a_file_without_exactly_its_function_is_refused(text: str) -> None:
    with pytest.raises(InternalError, match="exactly one function"):
        prototype("a_b", text)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(InternalError, match=r"kernels/ref/dense_bool\.c is missing"):
        kernel_sources(["dense_bool"])
