"""The C interface as a caller sees it: several models and instances in one program, step by step,
from C and from C++, placed where the caller wants."""

import io
import os
import subprocess
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from firmwares import CACHE, mixed_graph
from packages import STRICT, call, golden, made, order, other_graph, sources

from tinsmith.build.objects import compile_all, compiler_for
from tinsmith.codegen.compile import compile_graph
from tinsmith.codegen.kernel_set import SETS, symbol_of
from tinsmith.devices.board import BOARDS

HERE = Path(__file__).parent


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """The C libraries of two models side by side."""
    for graph in (mixed_graph(), other_graph()):
        made("c_library", tmp_path, order(graph=graph))
    return tmp_path


def objects(cc: str, folder: Path, *flags: str) -> list[str]:
    """Objects of both libraries, each file compiled by itself and with no include path."""
    found = []
    for path in [p for p in sources(folder) if "/example/" not in p]:
        within = (folder / path).parent
        include = ["-I.."] if within.name == "selftest" else []
        call(cc, "-std=c99", *STRICT, *flags, *include, "-c", Path(path).name, cwd=within)
        found.append(str(Path(path).with_suffix(".o")))
    return found


def test_two_models_and_two_instances_run_in_one_program(two: Path, require_tool) -> None:
    gcc = require_tool("gcc")
    names = objects(gcc, two, "-O2", "-fno-strict-aliasing")
    program = (HERE / "two_models.c", *names, "-pthread", "-o", "program")
    call(gcc, "-std=c99", "-O2", *STRICT, "-I.", "-Imixed", "-Iother", *program, cwd=two)
    assert call("./program", cwd=two) == "0\n"


def test_a_cpp_program_includes_both_headers(two: Path, require_tool) -> None:
    gcc, gxx = require_tool("gcc"), require_tool("g++")
    names = objects(gcc, two, "-O2", "-fno-strict-aliasing")
    call(gxx, "-std=c++11", *STRICT, "-I.", "-c", HERE / "two_models.cpp", cwd=two)
    call(gxx, "two_models.o", *names, "-o", "program", cwd=two)
    call("./program", cwd=two)


def test_every_symbol_bears_the_name_of_its_module(two: Path, require_tool) -> None:
    gcc = require_tool("gcc")
    for name in objects(gcc, two, "-Os"):
        table = ELFFile(io.BytesIO((two / name).read_bytes())).get_section_by_name(".symtab")
        shared = [
            s.name for s in table.iter_symbols()
            if s["st_info"]["bind"] == "STB_GLOBAL" and s["st_shndx"] != "SHN_UNDEF"
        ]  # fmt: skip
        assert shared or name.endswith("weights.o"), name
        assert all(s.startswith(f"{name.split('/')[0]}_") for s in shared), (name, shared)


def test_the_kernels_of_a_package_are_those_of_the_sets(two: Path) -> None:
    folder, checked = files("tinsmith.kernels"), 0
    sources = {
        symbol_of(f"{kind}/{file.name}"): file
        for kind in SETS.names()
        for file in folder.joinpath(kind).iterdir()
    }
    for path in two.glob("*/kernels/*.c"):
        text = sources[path.name].read_text(encoding="utf-8")
        lines = [line for line in text.splitlines() if not line.startswith("/* mutant:")]
        assert path.read_text(encoding="utf-8").splitlines() == lines
        checked += 1
    assert checked >= 6


SCRIPT = """
MEMORY {
    FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 64K
    EXT (r) : ORIGIN = 0x90000000, LENGTH = 64K
    ITCM (rx) : ORIGIN = 0x00000000, LENGTH = 64K
    DTCM (rw) : ORIGIN = 0x20000000, LENGTH = 64K
}
SECTIONS {
    .text : { *(.text .text.* .rodata .rodata.*) } > FLASH
    .ext_flash : { *(.ext_flash) } > EXT
    .itcm : { *(.itcm) } > ITCM
    .dtcm : { *(.dtcm) } > DTCM
    .bss : { *(.data .bss) } > DTCM
    /DISCARD/ : { *(.ARM.*) }
}
"""


@pytest.mark.parametrize("placed", [True, False])
@pytest.mark.parametrize("toolchain", ["arm_gcc", "zig"])
def test_constants_kernels_and_arena_lie_where_the_user_says(
    tmp_path: Path, toolchain: str, placed: bool, require_tool
) -> None:
    if toolchain == "arm_gcc":
        require_tool("arm-none-eabi-gcc")
    compiler = compiler_for(BOARDS.get("nucleo_l4r5zi").core, toolchain, CACHE)
    chain = (*compiler.found.command, *compiler.target, *compiler.toolchain.compile_flags)
    _, folder = made("c_library", tmp_path, order("nucleo_l4r5zi"))
    library = folder / "mixed"
    (library / "program.c").write_text(
        '#include "mixed.h"\n#include <stddef.h>\nMIXED_ARENA(arena);\nMIXED_STATE(state);\n'
        "int main(void) { mixed_init(state); return mixed_run(arena, state); }\n"
    )
    (library / "image.ld").write_text(SCRIPT)
    wanted = {"WEIGHTS": ".ext_flash", "HOT": ".itcm", "ARENA": ".dtcm"}
    flags = [f"-DTS_{k}_SECTION={v}" for k, v in wanted.items()] if placed else []
    wanted_files = [p for p in sources(library) if not p.startswith("selftest")]
    call(
        *chain, "-std=c99", "-Os", *STRICT, *flags, *wanted_files, "-g", "-nostdlib", "-Wl,-e,main",
        "-Wl,-T,image.ld", *compiler.toolchain.libraries, "-o", "image.elf", cwd=library,
        env={"PATH": os.defpath, **compiler.toolchain.environment(CACHE)},
    )  # fmt: skip
    elf = ELFFile(io.BytesIO((library / "image.elf").read_bytes()))
    lies = {
        s.name: elf.get_section(s["st_shndx"]).name
        for s in elf.get_section_by_name(".symtab").iter_symbols()
        if isinstance(s["st_shndx"], int)
    }
    weights = [v for k, v in lies.items() if k.startswith(("mixed_w_", "mixed_s_"))]
    kernels = [v for k, v in lies.items() if k.startswith("mixed_ts_")]
    assert len(weights) == 5 and len(kernels) == 5
    assert set(weights) == {".ext_flash" if placed else ".text"}
    assert set(kernels) == {".itcm" if placed else ".text"}
    assert lies["arena"] == lies["state"] == (".dtcm" if placed else ".bss")
    assert lies["mixed_run"] == ".text"


def test_a_self_test_that_finds_a_difference_says_where(tmp_path: Path, require_tool) -> None:
    gcc = require_tool("gcc")
    wrong = replace(order(), golden=golden(mixed_graph(), changed=True))
    _, folder = made("c_library", tmp_path, wrong)
    library = folder / "mixed"
    call(gcc, "-std=c99", "-I.", "-Iselftest", "example/selftest.c", *sources(library), "-o", "run",
         cwd=library)  # fmt: skip
    done = subprocess.run(["./run"], cwd=library, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.startswith("SELFTEST failed: case 1, sums[2]: expected ")


def test_one_object_of_a_kernel_serves_every_model_of_that_name(tmp_path: Path) -> None:
    compiler = compiler_for(BOARDS.get("host").core, "zig", tmp_path)
    (tmp_path / "zig").symlink_to(CACHE / "zig")
    count = []
    for graph in (other_graph(), mixed_graph().with_(name="other")):
        kernels = {
            k: v for k, v in compile_graph(graph, "host").sources.items() if k.startswith("kernels")
        }
        made_now = compile_all(compiler, kernels)
        count.append((len(made_now), len(list((tmp_path / "objects").iterdir()))))
    (one, kept_one), (five, kept_all) = count
    assert (one, five) == (1, 5)
    assert kept_all == five and kept_one == one
