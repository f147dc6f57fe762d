"""The C library: builds on its own, tests itself, and its self-test can fail."""

import io
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from compilers import lacks
from firmwares import CACHE, inputs, mixed, mixed_graph

from tinsmith.build.package import PACKAGES, Golden, Order
from tinsmith.build.toolchains.zig import environment, find
from tinsmith.core.errors import UserError
from tinsmith.devices.board import BOARDS
from tinsmith.ir.interp import run_cases


def golden(change: bool = False) -> Golden:
    graph, x = mixed_graph(), inputs()
    values = run_cases(graph, x)
    outputs = {o: values[o].copy() for o in graph.outputs}
    if change:
        outputs["sums"][1, 0, 3] += 1
    return Golden(x, outputs)


def order(given: Golden) -> Order:
    return Order(mixed("host"), BOARDS.get("host"), given, CACHE)


def unpacked(folder: Path, given: Golden) -> Path:
    name, data = PACKAGES.get("c_library").make(order(given))
    assert name == "mixed-c-library.zip"
    zipfile.ZipFile(io.BytesIO(data)).extractall(folder)
    return folder / "mixed"


def compiled(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Build with a plain C99 compiler and run: the system's if it is whole, else zig's."""
    system = shutil.which("cc")
    system = None if system is None or lacks(system, "stdio.h") else system
    command = [system] if system else list(find().command)
    sources = sorted(str(p.relative_to(folder)) for p in folder.glob("*.c"))
    for inside in ("kernels", "selftest"):
        sources += sorted(str(p.relative_to(folder)) for p in folder.glob(f"{inside}/*.c"))
    argv = [
        *command,
        "-std=c99",
        "-pedantic",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fno-strict-aliasing",
        "-I.",
        "-Iselftest",
        "-o",
        "program",
    ]
    argv += [f"example/{program}.c", *sources]
    extra = {} if system else environment(CACHE)
    subprocess.run(argv, cwd=folder, check=True, env={"PATH": "/usr/bin:/bin", **extra})
    return subprocess.run(
        [str(folder / "program")], capture_output=True, text=True, check=False, cwd=folder
    )


def test_two_archives_are_byte_identical_and_complete() -> None:
    make = PACKAGES.get("c_library").make
    (_, one), (_, two) = make(order(golden())), make(order(golden()))
    assert one == two
    names = set(zipfile.ZipFile(io.BytesIO(one)).namelist())
    wanted = {
        "README.md",
        "LICENSE.txt",
        "CMakeLists.txt",
        "mixed.h",
        "mixed.c",
        "example/example.c",
    }
    assert {f"mixed/{n}" for n in wanted} <= names


def test_the_self_test_passes_and_the_example_prints_the_golden_outputs(tmp_path: Path) -> None:
    given = golden()
    folder = unpacked(tmp_path, given)
    done = compiled(folder, "selftest")
    assert (done.returncode, done.stdout) == (0, "SELFTEST passed: 3 of 3 golden vectors equal\n")
    example = compiled(folder, "example")
    assert example.returncode == 0
    printed = dict(line.split(": ", 1) for line in example.stdout.splitlines())
    for name, text in printed.items():
        shown = np.array(text.split(), given.outputs[name].dtype)
        np.testing.assert_array_equal(shown, given.outputs[name][0].ravel())
    assert set(printed) == set(given.outputs)


def test_the_self_test_names_the_first_wrong_value(tmp_path: Path) -> None:
    given = golden(change=True)
    wrong = int(given.outputs["sums"][1, 0, 3])
    done = compiled(unpacked(tmp_path, given), "selftest")
    assert done.returncode == 1
    assert done.stdout == (f"SELFTEST failed: case 1, sums[3]: expected {wrong}, got {wrong - 1}\n")


def test_cmake_builds_it_and_runs_the_self_test(tmp_path: Path, require_tool) -> None:
    cmake = require_tool("cmake")
    folder = unpacked(tmp_path, golden())
    for argv in (["-S", ".", "-B", "build"], ["--build", "build"]):
        done = subprocess.run(
            [cmake, *argv], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    found = subprocess.run([str(folder / "build" / "mixed_selftest")], check=False)
    assert found.returncode == 0


def test_golden_vectors_of_another_model_are_refused() -> None:
    make, right = PACKAGES.get("c_library").make, golden()
    with pytest.raises(UserError, match=r"'x' are nothing") as e:
        make(order(Golden({}, right.outputs)))
    assert e.value.code == "package.golden"
    fewer = {k: v[:2] for k, v in right.outputs.items()}
    with pytest.raises(UserError, match="same number of cases"):
        make(order(Golden(right.inputs, fewer)))


def test_the_example_names_classes_and_the_readme_channels(tmp_path: Path) -> None:
    given = golden()
    source, answer = next(iter(given.inputs)), "sums"
    size = given.outputs[answer].shape[-1]
    classes = tuple(f'cl"ass\\ {i}??=' for i in range(size))
    meaning = {source: ("acc_x, one step is 0.001 m/s2",), answer: classes}
    folder = unpacked(tmp_path, replace(given, meaning=meaning, rate_hz=12.5))
    shown = compiled(folder, "example").stdout
    assert "  cl_ass_ 0__= " in shown
    assert compiled(folder, "selftest").returncode == 0
    readme = (folder / "README.md").read_text()
    assert "12.5 samples per second" in readme
    assert "- 0: acc_x, one step is 0.001 m/s2" in readme
