"""Kernel files: found by name, with the headers that they include and one header of prototypes."""

import re

import pytest

from tinsmith.codegen import kernels
from tinsmith.codegen.kernels import kernel_sources, prototype
from tinsmith.core.errors import InternalError
from tinsmith.ir.op import OPS


def test_every_kernel_of_every_op_has_its_file() -> None:
    names = [op.kernel_name(dtype) for op in OPS.all() for dtype in op.kernels]
    sources = kernel_sources([f"ref/{n}" for n in names], "net")
    assert {f"kernels/{n}.c" for n in names} <= set(sources)
    header = sources["kernels/ts_kernels.h"]
    for name in names:
        assert f"\n#define ts_{name} net_ts_{name}\nTS_HOT void ts_{name}(" in header


def test_only_what_is_needed_is_taken() -> None:
    found = set(kernel_sources(["ref/dense_int8"], "net"))
    own = {"kernels/dense_int8.c", "kernels/ts_kernel.h", "kernels/ts_kernels.h"}
    assert own <= found and "kernels/ts_module.h" in found
    assert [p for p in found if p.endswith(".c")] == ["kernels/dense_int8.c"]


def test_a_prototype_may_take_several_lines() -> None:
    text = "/* Adds. */\n#include <x.h>\nvoid ts_a_b(const float *x,\n    int n) {\n}\n"
    assert prototype("a_b", text) == "void ts_a_b(const float *x,\n    int n);\n"


def test_every_kernel_includes_the_header_that_renames_it() -> None:
    names = [op.kernel_name(dtype) for op in OPS.all() for dtype in op.kernels]
    sources = kernel_sources([f"ref/{n}" for n in names], "net")
    for name in names:
        assert "kernels/ts_kernels.h" in included(sources, f"kernels/{name}.c"), name


def included(sources: dict[str, str], path: str) -> set[str]:
    """The file and what it includes, directly or through others."""
    near = re.findall(r'^#include "(\w+\.(?:h|inc))"', sources[path], re.MULTILINE)
    return {path}.union(*(included(sources, f"kernels/{n}") for n in near))


@pytest.mark.parametrize("text", ["", "void ts_c(int n) {\n}\n", "void ts_a_b(int n) {\n}\n" * 2])
def test_a_file_without_exactly_its_function_is_refused(text: str) -> None:
    with pytest.raises(InternalError, match="exactly one function"):
        prototype("a_b", text)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(InternalError, match=r"kernels/ref/dense_bool\.c is missing"):
        kernel_sources(["ref/dense_bool"], "net")


def test_two_sets_may_not_bring_different_headers_of_one_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read(kind: str, name: str) -> str:
        symbol = name.removesuffix(".c") if kind == "ref" else f"{kind}_{name.removesuffix('.c')}"
        body = f'#include "ts_x.h"\nvoid ts_{symbol}(int n) {{\n}}\n'
        return body if name.endswith(".c") else f"/* {kind if name == 'ts_x.h' else name} */\n"

    monkeypatch.setattr(kernels, "_read", read)
    assert "kernels/fast_b.c" in kernel_sources(["fast/b"], "net")
    with pytest.raises(InternalError, match=r"two kernel sets bring a header ts_x\.h"):
        kernel_sources(["ref/a", "fast/b"], "net")
