"""Objects: what is in their key, and what is not."""

from dataclasses import replace
from pathlib import Path

import pytest

from tinsmith.build.objects import compile_all, compiler_for
from tinsmith.build.toolchain import TOOLCHAINS
from tinsmith.core.errors import InternalError
from tinsmith.devices.board import cores

SOURCES = {
    "kernels/one.c": '#include "one.h"\nint one(void) { return ONE; }\n',
    "kernels/one.h": "#define ONE 1\nint one(void);\n",
    "kernels/other.h": "#define OTHER 1\n",
}


@pytest.fixture
def m4(tmp_path: Path):
    return compiler_for(cores()["cortex-m4f"], "zig", tmp_path)


def kept(compiler) -> set[str]:
    return {p.name for p in (compiler.cache / "objects").iterdir()}


def test_only_what_is_included_decides(m4) -> None:
    first = compile_all(m4, SOURCES)
    before = kept(m4)
    same = compile_all(m4, {**SOURCES, "kernels/other.h": "#define OTHER 2\n"})
    assert same == first
    assert kept(m4) == before
    other = compile_all(m4, {**SOURCES, "kernels/one.h": "#define ONE 2\nint one(void);\n"})
    assert other != first
    assert len(kept(m4)) == 2


def test_flags_are_part_of_the_key(m4) -> None:
    compile_all(m4, SOURCES)
    more = compiler_for(cores()["cortex-m4f"], "zig", m4.cache, ("-DMORE",))
    compile_all(more, SOURCES)
    assert len(kept(m4)) == 2


def test_a_missing_include_is_named(m4) -> None:
    with pytest.raises(InternalError, match=r"one\.c includes 'gone\.h'"):
        compile_all(m4, {"one.c": '#include "gone.h"\n'})


def test_an_fpu_that_is_not_told_of_is_an_error(m4) -> None:
    core, chain = cores()["cortex-m4f"], TOOLCHAINS.get("zig")
    wrong = [f.replace("+vfp4d16sp", "") for f in chain.flags(core)]
    text = (
        "#if defined(TS_EXPECT_FPU) && !defined(__ARM_FP)\n#error no FPU\n#endif\n"
        "int one(void);\nint one(void) { return 1; }\n"
    )
    compile_all(m4, {"one.c": text})
    with pytest.raises(InternalError, match="no FPU"):
        compile_all(replace(m4, target=tuple(wrong)), {"one.c": text})


def test_a_damaged_object_is_compiled_again(m4) -> None:
    first = compile_all(m4, SOURCES)
    (path,) = (m4.cache / "objects").iterdir()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert compile_all(m4, SOURCES) == first


def test_another_compiler_is_part_of_the_key(m4) -> None:
    compile_all(m4, SOURCES)
    newer = replace(m4, found=replace(m4.found, version="zig 99"))
    compile_all(newer, SOURCES)
    assert len(kept(m4)) == 2
