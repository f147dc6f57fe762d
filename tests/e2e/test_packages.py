"""Every package kind, built as its user would build it where the tool is installed; the others
against the specification of their layout, with all their sources compiled."""

import csv
import io
import json
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from base64 import urlsafe_b64decode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile
from firmwares import CACHE, mixed_graph
from packages import CORTEX_M4, STRICT, call, golden, made, order, other_graph, sources

from tinsmith.build.native import LINUX
from tinsmith.build.package import PACKAGES, Golden, Order, Papers
from tinsmith.build.packages.cmsis_pack import group
from tinsmith.cli.main import call as command
from tinsmith.codegen.compile import compile_graph
from tinsmith.core.errors import UserError
from tinsmith.devices import board as devices
from tinsmith.flow.golden import golden_of
from tinsmith.importers import read_model

HERE = Path(__file__).parent
PASSED = "SELFTEST passed: 3 of 3 golden vectors equal\n"
BOARDS = {kind: "nucleo_l4r5zi" if kind == "slot_module" else "host" for kind in PACKAGES.names()}
BILLS = {"arduino": "extras/bom.json", "python_wheel": "mixed_model-1.0.0.dist-info/sboms/bom.json"}
TYPES = {
    "application", "framework", "library", "container", "platform", "operating-system", "device",
    "device-driver", "firmware", "file", "machine-learning-model", "data", "cryptographic-asset",
}  # fmt: skip


def members(kind: str, data: bytes) -> dict[str, bytes]:
    """Files of a package, without the folder that all of them lie in; of an image its program's
    layer."""
    if kind == "oci_image":
        return layers(data)["amd64"]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found = {n: archive.read(n) for n in archive.namelist()}
    rooted = all(n.startswith("mixed/") for n in found)
    return {n.removeprefix("mixed/") if rooted else n: d for n, d in found.items()}


@pytest.mark.parametrize("kind", PACKAGES.names())
def test_a_package_is_complete_and_made_again_byte_for_byte(kind: str, tmp_path: Path) -> None:
    (tmp_path / "zig").symlink_to(CACHE / "zig")
    name, data = PACKAGES.get(kind).make(order(BOARDS[kind]))
    # Compiled a second time, in another folder, with nothing kept from the first.
    assert PACKAGES.get(kind).make(order(BOARDS[kind], cache=tmp_path)) == (name, data)
    files = members(kind, data)
    bill = BILLS.get(kind, "bom.json")
    check_bill(json.loads(files[bill]), {n: d for n, d in files.items() if n != bill})
    if kind == "python_wheel":
        assert "mixed_model-1.0.0.dist-info/licenses/LICENSE.txt" in files
        return
    readme = files["README.md"].decode()
    assert readme.startswith("# mixed\n\nAn inference module") and "## How to" in readme
    assert "Apache License" in files["LICENSE.txt"].decode()


@pytest.mark.parametrize("kind", PACKAGES.names())
def test_a_certificate_travels_in_every_package(kind: str) -> None:
    papers = Papers(b"what is claimed", "")
    _, data = PACKAGES.get(kind).make(replace(order(BOARDS[kind]), papers=papers))
    found = {n: d for n, d in members(kind, data).items() if n.endswith("mixed.certificate")}
    assert list(found.values()) == [b"what is claimed"]
    readme = members(kind, data).get("README.md", b"--check mixed.certificate").decode()
    assert "--check mixed.certificate" in readme
    _, data = PACKAGES.get(kind).make(
        replace(order(BOARDS[kind]), papers=Papers(b"", "the reason is told"))
    )
    files = members(kind, data)
    assert not any(n.endswith(".certificate") for n in files)
    assert "the reason is told" in files.get("README.md", b"the reason is told").decode()


def check_bill(bill: dict, files: dict[str, bytes]) -> None:
    """What bom-1.6.schema.json (CycloneDX 1.6, ECMA-424) requires, and that it tells the truth."""
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    assert "timestamp" not in bill["metadata"]
    parts = [bill["metadata"]["component"], *bill["components"]]
    for part in [*parts, *bill["metadata"]["tools"]["components"]]:
        assert part["type"] in TYPES and part["name"]
        for found in part.get("hashes", ()):
            assert found["alg"] == "SHA-256" and re.fullmatch("[0-9a-f]{64}", found["content"])
    references = [p["bom-ref"] for p in parts if "bom-ref" in p]
    assert len(set(references)) == len(references)
    for row in bill["dependencies"]:
        assert {row["ref"], *row["dependsOn"]} <= set(references)
    by_name = {p["name"]: p for p in parts if p["type"] == "file"}
    listed = {n: p["hashes"][0]["content"] for n, p in by_name.items()}
    papers = {"README.md", "LICENSE.txt"}  # a wheel has them elsewhere
    others = {n: d for n, d in files.items() if not n.endswith("RECORD")}
    assert set(listed) - papers == set(others) - papers
    assert all(
        sha256(others[n]).hexdigest() == digest for n, digest in listed.items() if n in others
    )
    kernels = next(p for p in parts if p["name"] == "tinsmith-kernels")
    assert {"kernels/dense_int8.c", "kernels/ts_kernel.h"} <= {
        c["name"] for c in kernels["components"]
    }


def test_another_content_has_another_serial_number() -> None:
    def serial(graph, version: str = "1.0.0") -> str:
        _, data = PACKAGES.get("platformio").make(replace(order(graph=graph), version=version))
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return json.loads(archive.read("bom.json"))["serialNumber"]

    numbers = [serial(mixed_graph()), serial(other_graph()), serial(mixed_graph(), "1.0.1")]
    assert len(set(numbers)) == 3


@pytest.mark.parametrize("version", ["1.0", "1.0.0.0", "01.0.0", "1.0.0\n", "v1.0.0", ""])
def test_a_version_that_not_every_kind_takes_is_refused(version: str) -> None:
    with pytest.raises(UserError) as e:
        PACKAGES.get("c_library").make(replace(order(), version=version))
    assert e.value.code == "package.version"


# C library: CMake


def test_cmake_builds_tests_and_installs_the_c_library(tmp_path: Path, require_tool) -> None:
    cmake, ctest = require_tool("cmake"), require_tool("ctest")
    require_tool("g++")
    _, folder = made("c_library", tmp_path)
    library = folder / "mixed"
    call(
        cmake, "-S", ".", "-B", "made", f"-DCMAKE_INSTALL_PREFIX={tmp_path / 'there'}", cwd=library
    )
    call(cmake, "--build", "made", cwd=library)
    assert "100% tests passed" in call(ctest, "--test-dir", "made", cwd=library)
    assert call("made/mixed_selftest", cwd=library) == PASSED
    call(cmake, "--install", "made", cwd=library)
    user = tmp_path / "user"
    user.mkdir()
    (user / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.15)\nproject(user CXX)\n"
        "find_package(mixed 1.0 REQUIRED)\nadd_executable(user user.cpp)\n"
        "target_link_libraries(user PRIVATE mixed::mixed)\n"
    )
    (user / "user.cpp").write_text(
        "#include <mixed.h>\nstatic MIXED_ARENA(arena);\nstatic MIXED_STATE(state);\n"
        "int main() { mixed_init(state); return mixed_run(arena, state); }\n"
    )
    call(cmake, "-S", ".", "-B", "made", f"-DCMAKE_PREFIX_PATH={tmp_path / 'there'}", cwd=user)
    call(cmake, "--build", "made", cwd=user)
    call("made/user", cwd=user)


# Packages of sources: the layout that their specifications ask for, all sources compiled


def compiled(folder: Path, require_tool) -> None:
    """All C files below ``src`` for a Cortex-M4 and for this computer; the self-test runs here."""
    arm, gcc = require_tool("arm-none-eabi-gcc"), require_tool("gcc")
    for path in sources(folder):
        call(
            arm, *CORTEX_M4, "-std=c99", "-Os", *STRICT, "-Isrc", "-c", path, "-o", "o", cwd=folder
        )
    (folder / "check.c").write_text(
        '#include "mixed.h"\n#include "mixed_selftest.h"\nstatic MIXED_ARENA(a);\n'
        "static MIXED_STATE(s);\nint main(void) { return mixed_selftest(a, s, 0); }\n"
    )
    call(gcc, "-std=c99", "-Isrc", *sources(folder), "-o", "check", cwd=folder)
    call("./check", cwd=folder)


SERIAL = """
struct Port {
    void begin(unsigned long);
    explicit operator bool();
    void print(const char *);
    void println(const char *);
    void println(long);
};
extern Port Serial;
"""


def test_the_arduino_library_keeps_to_its_specification(tmp_path: Path, require_tool) -> None:
    """Arduino Library Specification, 1.5 format, revision 2.2: library.properties, src, examples
    with a sketch named as its folder. The sketch is compiled against the part of Arduino's API
    that it names."""
    name, folder = made("arduino", tmp_path)
    library = folder / "mixed"
    lines = (library / "library.properties").read_text().splitlines()
    fields = dict(line.split("=", 1) for line in lines)
    wanted = {"name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url"}
    assert wanted | {"architectures"} <= set(fields) and all(fields.values())
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9 _.-]{0,62}", fields["name"])
    assert (fields["version"], fields["category"]) == ("1.0.0", "Data Processing")
    assert name == "mixed-arduino.zip" and (library / "src" / fields["includes"]).is_file()
    assert not [p for p in library.rglob("*") if p.name.startswith(".")]
    compiled(library, require_tool)
    (folder / "Arduino.h").write_text(SERIAL)
    sketch = "examples/selftest/selftest.ino"
    flags = (*CORTEX_M4, *STRICT, "-x", "c++", "-include", folder / "Arduino.h", "-Isrc")
    gxx = require_tool("arm-none-eabi-g++")
    call(gxx, *flags, "-std=gnu++11", "-c", sketch, "-o", "o", cwd=library)


def test_the_zephyr_module_keeps_to_its_specification(tmp_path: Path, require_tool) -> None:
    """Zephyr documentation, "Modules (External projects)": zephyr/module.yml names the folders of
    CMake and Kconfig files. Its CMakeLists.txt is read by CMake with Zephyr's functions by their
    documented meaning."""
    module = made("zephyr", tmp_path)[1] / "mixed"
    yaml = (module / "zephyr/module.yml").read_text()
    assert yaml.startswith("name: mixed\nbuild:\n  cmake: zephyr\n  kconfig: zephyr/Kconfig\n")
    assert (module / "zephyr/CMakeLists.txt").is_file()
    options = re.findall(r"^config (\w+)$", (module / "zephyr/Kconfig").read_text(), re.MULTILINE)
    set_to = (module / "samples/selftest/prj.conf").read_text().splitlines()
    assert {f"CONFIG_{o}=y" for o in options} == set(set_to)
    compiled(module, require_tool)
    built_by_cmake(module / "zephyr", "zephyr.cmake", "mixed_inference", require_tool)
    runs_here(module, "samples/selftest/src/main.c", require_tool)


def test_the_esp_idf_component_keeps_to_its_specification(tmp_path: Path, require_tool) -> None:
    """ESP-IDF Programming Guide, "Build System", and IDF Component Manager, "idf_component.yml":
    both files at the top of the component."""
    component = made("esp_idf", tmp_path)[1] / "mixed"
    manifest = (component / "idf_component.yml").read_text()
    assert re.search(r'^version: "1\.0\.0"$', manifest, re.MULTILINE)
    assert re.search(r"^dependencies:\n  idf: ", manifest, re.MULTILINE)
    example = component / "examples/selftest"
    assert "project.cmake" in (example / "CMakeLists.txt").read_text()
    override = re.search(r'override_path: "(.+)"', (example / "main/idf_component.yml").read_text())
    assert override and (example / "main" / override[1]).resolve() == component.resolve()
    compiled(component, require_tool)
    built_by_cmake(component, "esp_idf.cmake", "mixed", require_tool)
    arm = require_tool("arm-none-eabi-gcc", "stdio.h")
    main = "examples/selftest/main/main.c"
    call(arm, *CORTEX_M4, *STRICT, "-Isrc", "-c", main, "-o", "o", cwd=component)


def test_the_platformio_library_keeps_to_its_specification(tmp_path: Path, require_tool) -> None:
    """PlatformIO documentation, "library.json": at the top of the archive; name, version and
    description are required to publish."""
    _, library = made("platformio", tmp_path)
    manifest = json.loads((library / "library.json").read_text())
    assert {"name", "version", "description", "keywords", "license"} <= set(manifest)
    assert (library / manifest["build"]["srcDir"] / manifest["headers"]).is_file()
    assert manifest["build"]["flags"] == ["-fno-strict-aliasing"]
    for example in manifest["examples"]:
        assert all((library / example["base"] / f).is_file() for f in example["files"])
    compiled(library, require_tool)
    runs_here(library, "examples/selftest/main.c", require_tool)


def test_the_cmsis_pack_keeps_to_its_schema(tmp_path: Path, require_tool) -> None:
    """Open-CMSIS-Pack specification 1.7.40, PACK.xsd: required elements and attributes, patterns of
    identifiers, and that every file named is there."""
    name, pack = made("cmsis_pack", tmp_path)
    assert name == "tinsmith.mixed.1.0.0.pack"
    (description,) = pack.glob("*.pdsc")
    assert description.name == "tinsmith.mixed.pdsc"
    root = ElementTree.parse(description).getroot()
    assert root.tag == "package" and re.fullmatch(r"\d+\.\d+(\.\d+)?", root.get("schemaVersion"))
    for tag in ("vendor", "name", "description", "url", "releases"):
        assert len(root.findall(tag)) == 1, tag
    assert all(re.fullmatch(r"[\-_A-Za-z0-9/]+", root.findtext(t)) for t in ("vendor", "name"))
    assert [r.get("version") for r in root.iterfind("releases/release")] == ["1.0.0"]
    assert (pack / root.findtext("license")).is_file()
    part = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+()'/\-\s.]{1,31}")
    components = root.findall("components/component")
    assert len(components) == 2
    for component in components:
        assert all(part.fullmatch(component.get(k)) for k in ("Cclass", "Cgroup", "Cvariant"))
        assert component.get("Cversion") == "1.0.0" and component.findtext("description")
        files = component.findall("files/file")
        assert {f.get("category") for f in files} == {"include", "doc", "header", "source"}
        assert all((pack / f.get("name")).exists() for f in files)
    named = {
        f.get("name") for f in components[1].findall("files/file") if f.get("category") == "source"
    }
    assert named == set(sources(pack))
    compiled(pack, require_tool)


def test_every_name_of_a_model_becomes_a_group_of_the_schema() -> None:
    names = ("m", "mixed", "a" * 32, "a" * 33, "a" * 32 + "b")
    groups = [group(n) for n in names]
    assert all(2 <= len(g) <= 32 for g in groups) and len(set(groups)) == len(names)


def built_by_cmake(folder: Path, functions: str, target: str, require_tool) -> None:
    """Build the library that a CMakeLists.txt declares through functions of its framework."""
    cmake = require_tool("cmake")
    project = folder.parent / "project"
    project.mkdir()
    (project / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.15)\nproject(check C)\n"
        f"include({HERE / functions})\nadd_subdirectory({folder} part)\n"
    )
    call(cmake, "-S", ".", "-B", "made", cwd=project)
    call(cmake, "--build", "made", cwd=project)
    (archive,) = project.rglob(f"lib{target}.a")
    listed = call(require_tool("ar"), "t", archive, cwd=project).split()
    assert {"mixed.c.o", "dense_int8.c.o", "mixed_selftest.c.o"} <= set(listed)
    shutil.rmtree(project)


def runs_here(folder: Path, main: str, require_tool) -> None:
    """The example of a package, built for this computer, says that the self-test passed."""
    gcc = require_tool("gcc")
    files = [p for p in sources(folder) if p != "check.c"]
    call(gcc, "-std=c99", *STRICT, "-Isrc", main, *files, "-o", "example_program", cwd=folder)
    assert call("./example_program", cwd=folder) == PASSED


# Python wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    name, data = PACKAGES.get("python_wheel").make(order())
    path = tmp_path_factory.mktemp("wheel") / name
    path.write_bytes(data)
    return path


def test_the_wheel_keeps_to_its_specification(wheel: Path) -> None:
    """Binary distribution format: name, tags, RECORD with the hash and size of every file."""
    assert wheel.name == "mixed_model-1.0.0-py3-none-linux_x86_64.linux_aarch64.whl"
    with zipfile.ZipFile(wheel) as archive:
        files = {n: archive.read(n) for n in archive.namelist()}
    info = "mixed_model-1.0.0.dist-info"
    assert {f"{info}/{f}" for f in ("METADATA", "WHEEL", "RECORD")} <= set(files)
    assert list(files)[-1] == f"{info}/RECORD"
    rows = list(csv.reader(io.StringIO(files[f"{info}/RECORD"].decode())))
    assert sorted(row[0] for row in rows) == sorted(files)
    for path, digest, size in rows:
        if path.endswith("/RECORD"):
            assert digest == size == ""
            continue
        algorithm, _, text = digest.partition("=")
        found = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        assert algorithm == "sha256" and found == sha256(files[path]).digest()
        assert int(size) == len(files[path])
    said = files[f"{info}/WHEEL"].decode().splitlines()
    tags = {"Tag: py3-none-linux_x86_64", "Tag: py3-none-linux_aarch64"}
    assert {"Wheel-Version: 1.0", "Root-Is-Purelib: false", *tags} <= set(said)
    head = files[f"{info}/METADATA"].decode().split("\n\n")[0].splitlines()
    assert {"Metadata-Version: 2.4", "Name: mixed_model", "Version: 1.0.0"} <= set(head)


@pytest.mark.parametrize("system", LINUX, ids=lambda s: s.machine)
def test_a_shared_object_needs_nothing(wheel: Path, system) -> None:
    with zipfile.ZipFile(wheel) as archive:
        elf = ELFFile(io.BytesIO(archive.read(f"mixed_model/mixed.{system.machine}.so")))
    assert elf.get_machine_arch() == {"x86_64": "x64", "aarch64": "AArch64"}[system.machine]
    assert not [
        t for t in elf.get_section_by_name(".dynamic").iter_tags() if t.entry.d_tag == "DT_NEEDED"
    ]
    table = [s for s in elf.get_section_by_name(".dynsym").iter_symbols() if s.name]
    assert all(s.name.startswith("mixed_") and s["st_shndx"] != "SHN_UNDEF" for s in table)
    assert {"mixed_init", "mixed_reset", "mixed_run", "mixed_run_step"} <= {s.name for s in table}


USE = """
import numpy as np, mixed_model as m
g = {n: np.load(m.model._HERE / "golden" / f"{n}.npy") for n in (*m.INPUTS, *m.OUTPUTS)}
first, second = m.Model(), m.Model()
for i in range(3):
    *none, last = second.steps({"x": g["x"][i]})
    assert len(none) == 4 and none == [None] * 4
    for answer in (first.run({"x": g["x"][i]}), last):
        assert all(answer[n].tobytes() == g[n][i].tobytes() for n in m.OUTPUTS)
first.reset()
assert first.run({"x": g["x"][0]})["share"].tobytes() == g["share"][0].tobytes()
for wrong in ({}, {"x": g["x"][0], "y": 1}, {"x": g["x"][0].astype("f8")}, {"x": g["x"][0][0]}):
    try:
        first.run(wrong)
    except ValueError:
        continue
    raise SystemExit("not refused")
print("used")
"""


def test_pip_installs_the_wheel_and_it_proves_itself(wheel: Path, tmp_path: Path) -> None:
    call(sys.executable, "-m", "venv", "--system-site-packages", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    # A virtual environment made from one sees the base's packages only: numpy is lent by path.
    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    (site / "lent.pth").write_text(str(Path(np.__file__).parents[1]))
    call(python, "-m", "pip", "install", "--no-index", "--no-deps", wheel, cwd=tmp_path)
    assert call(python, "-m", "mixed_model", cwd=tmp_path) == PASSED
    assert call(python, "-c", USE, cwd=tmp_path) == "used\n"


def test_a_wheel_with_a_wrong_golden_vector_fails_its_self_test(tmp_path: Path) -> None:
    wrong = replace(order(), golden=golden(mixed_graph(), changed=True))
    _, folder = made("python_wheel", tmp_path, wrong)
    argv = [sys.executable, "-m", "mixed_model"]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.startswith("SELFTEST failed: case 1, sums:")


# WebAssembly


def test_wasmtime_runs_the_module(tmp_path: Path) -> None:
    wasmtime = pytest.importorskip("wasmtime")
    wanted = order()
    _, folder = made("wasm", tmp_path, wanted)
    engine = wasmtime.Engine()
    module = wasmtime.Module(engine, (folder / "mixed/mixed.wasm").read_bytes())
    assert not module.imports
    store = wasmtime.Store(engine)
    exports = wasmtime.Instance(store, module, []).exports(store)
    memory = exports["memory"]
    arena, state = exports["mixed_arena"](store), exports["mixed_state"](store)
    exports["mixed_init"](store, state)
    places, graph = wanted.module.plan.places, wanted.module.graph
    for i in range(3):
        memory.write(store, wanted.golden.inputs["x"][i].tobytes(), arena + places["x"].offset)
        if i == 1:  # one of the cases step by step
            assert [exports["mixed_run_step"](store, arena, state, n) for n in range(5)] == [
                1,
                2,
                3,
                4,
                0,
            ]
        else:
            assert exports["mixed_run"](store, arena, state) == 0
        for name in graph.outputs:
            at = arena + places[name].offset
            got = bytes(memory.read(store, at, at + graph.type(name).nbytes))
            assert got == wanted.golden.outputs[name][i].tobytes()
    assert exports["mixed_run"](store, arena + 1, state) == -1


@pytest.mark.parametrize("changed", [False, True])
def test_the_page_runs_in_a_browser(tmp_path: Path, changed: bool, require_tool) -> None:
    chromium = require_tool("chromium")
    given = golden(mixed_graph(), changed)
    _, folder = made("wasm", tmp_path, replace(order(), golden=given))
    page = folder / "mixed/index.html"
    assert not re.search(r"https?://", page.read_text() + (folder / "mixed/mixed.js").read_text())
    flags = (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'user'}",
    )
    said = call(
        chromium, *flags, "--virtual-time-budget=20000", "--dump-dom", page.as_uri(), cwd=tmp_path
    )
    result = re.search(r'id="result" role="status">(.*?)<', said)[1]
    if changed:
        assert result.startswith("FAIL: case 1, sums: expected ")
    else:
        assert re.fullmatch(
            r"PASS: 3 of 3 golden vectors equal, \d+\.\d{3} ms per inference", result
        )
    shown = re.search(r'id="outputs"[^>]*>share: (.*?)\nsums: (.*?)<', said)
    np.testing.assert_array_equal(np.float32(shown[1].split()), given.outputs["share"][0].ravel())
    np.testing.assert_array_equal(np.int32(shown[2].split()), given.outputs["sums"][0].ravel())


# OCI image


def blob(files: dict[str, bytes], descriptor: dict) -> bytes:
    """The content that a descriptor names, its size and digest checked (descriptor.md)."""
    algorithm, _, digest = descriptor["digest"].partition(":")
    data = files[f"blobs/{algorithm}/{digest}"]
    assert algorithm == "sha256" and sha256(data).hexdigest() == digest
    assert len(data) == descriptor["size"]
    return data


def untarred(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert all(m.isfile() and m.mtime == m.uid == 0 for m in archive)
        return {m.name: archive.extractfile(m).read() for m in archive}


def layers(data: bytes) -> dict[str, dict[str, bytes]]:
    """Files of the only layer by architecture; everything on the way is checked against the OCI
    Image Format Specification 1.1 (image-layout.md, image-index.md, manifest.md, config.md)."""
    files, kind, found = untarred(data), "application/vnd.oci.image", {}
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads(files["index.json"])
    (named,) = index["manifests"]
    assert named["annotations"]["org.opencontainers.image.ref.name"] == "1.0.0"
    assert named["mediaType"] == index["mediaType"] == f"{kind}.index.v1+json"
    used = {named["digest"]}
    for descriptor in json.loads(blob(files, named))["manifests"]:
        manifest = json.loads(blob(files, descriptor))
        assert manifest["schemaVersion"] == 2 and descriptor["mediaType"] == manifest["mediaType"]
        assert manifest["mediaType"] == f"{kind}.manifest.v1+json"
        assert manifest["config"]["mediaType"] == f"{kind}.config.v1+json"
        (layer,) = manifest["layers"]
        assert layer["mediaType"] == f"{kind}.layer.v1.tar"
        config = json.loads(blob(files, manifest["config"]))
        system = {k: config[k] for k in ("architecture", "os")}
        assert system == descriptor["platform"] and "created" not in config
        assert config["rootfs"] == {"type": "layers", "diff_ids": [layer["digest"]]}
        assert len(config["config"]["Entrypoint"]) == 1
        found[config["architecture"]] = untarred(blob(files, layer))
        used |= {descriptor["digest"], manifest["config"]["digest"], layer["digest"]}
    assert {f"blobs/{d.replace(':', '/')}" for d in used} == {n for n in files if "/" in n}
    return found


def test_the_image_holds_one_static_program_for_each_architecture() -> None:
    _, data = PACKAGES.get("oci_image").make(order())
    found = layers(data)
    assert set(found) == {"amd64", "arm64"}
    for architecture, files in found.items():
        elf = ELFFile(io.BytesIO(files["mixed"]))
        assert elf.get_machine_arch() == {"amd64": "x64", "arm64": "AArch64"}[architecture]
        assert elf["e_type"] == "ET_EXEC" and elf["e_entry"] != 0
        assert "PT_INTERP" not in {s["p_type"] for s in elf.iter_segments()}


def program(folder: Path, given: Golden) -> Path:
    """The program of this computer's layer."""
    _, data = PACKAGES.get("oci_image").make(replace(order(), golden=given))
    here = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    path = folder / "mixed"
    path.write_bytes(layers(data)[here]["mixed"])
    path.chmod(0o755)
    return path


def test_the_program_of_the_image_tests_itself_and_answers_on_a_pipe(tmp_path: Path) -> None:
    given = golden(mixed_graph())
    path = program(tmp_path, given)
    assert call(path, cwd=tmp_path) == call(path, "selftest", cwd=tmp_path) == PASSED
    stream = given.inputs["x"].tobytes()
    done = subprocess.run([path, "run"], input=stream, capture_output=True, check=False)
    rows = zip(*(given.outputs[n] for n in mixed_graph().outputs), strict=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"".join(a.tobytes() for row in rows for a in row)
    broken = subprocess.run([path, "run"], input=stream[:-1], capture_output=True, check=False)
    assert broken.returncode == 1 and b"inside a case" in broken.stderr
    wrong = subprocess.run([path, "walk"], capture_output=True, check=False)
    assert wrong.returncode == 2 and wrong.stderr == b"usage: mixed [selftest | run]\n"


def test_the_program_for_arm64_tests_itself_on_an_emulated_processor() -> None:
    """Unicorn runs the instructions; Linux is played by the three calls that the program makes."""
    unicorn = pytest.importorskip("unicorn")
    registers, engine = unicorn.arm64_const, unicorn.Uc(unicorn.UC_ARCH_ARM64, 0)
    elf = ELFFile(io.BytesIO(layers(PACKAGES.get("oci_image").make(order())[1])["arm64"]["mixed"]))
    for segment in elf.iter_segments("PT_LOAD"):
        start = segment["p_vaddr"] & ~0xFFF
        engine.mem_map(start, (segment["p_vaddr"] + segment["p_memsz"] - start + 0xFFF) & ~0xFFF)
        engine.mem_write(segment["p_vaddr"], segment.data())
    stack = 0x7FFF0000
    engine.mem_map(stack - 0x10000, 0x11000)
    engine.mem_write(stack, (1).to_bytes(8, "little"))
    engine.reg_write(registers.UC_ARM64_REG_SP, stack)
    engine.reg_write(registers.UC_ARM64_REG_CPACR_EL1, 3 << 20)
    printed, code = [], []

    def linux(engine, number, _) -> None:
        names = (f"UC_ARM64_REG_X{i}" for i in (8, 0, 1, 2))
        call_number, *given = (engine.reg_read(getattr(registers, n)) for n in names)
        if call_number == 93:
            code.append(given[0])
            engine.emu_stop()
        elif call_number == 64:
            printed.append((given[0], bytes(engine.mem_read(given[1], given[2]))))
            engine.reg_write(registers.UC_ARM64_REG_X0, given[2])

    engine.hook_add(unicorn.UC_HOOK_INTR, linux)
    engine.emu_start(elf["e_entry"], 0, timeout=60_000_000)
    assert (code, printed) == ([0], [(1, PASSED.encode())])


def test_the_program_of_the_image_finds_a_wrong_golden_vector(tmp_path: Path) -> None:
    path = program(tmp_path, golden(mixed_graph(), changed=True))
    done = subprocess.run([path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "SELFTEST failed: case 1\n")


# Slot module


def test_a_slot_is_checked_and_run_where_it_lies(tmp_path: Path, require_tool) -> None:
    """A host program on an emulated Cortex-M4: the slot's header is checked, damage of every kind
    is refused, and the self-test runs by way of the slot. Its exit code says what failed."""
    gcc, qemu = require_tool("arm-none-eabi-gcc"), require_tool("qemu-system-arm")
    name, folder = made("slot_module", tmp_path, order("nucleo_l4r5zi"))
    slot = folder / "mixed"
    assert name == "mixed-slot.zip"
    digest, _, file = (slot / "mixed.bin.sha256").read_text().strip().partition("  ")
    assert digest == sha256((slot / file).read_bytes()).hexdigest()
    link(gcc, slot)
    machine = ("-M", "mps2-an386", "-nographic", "-semihosting", "-kernel", "host.elf")
    call(qemu, *machine, cwd=slot)
    (slot / "mixed.bin").write_bytes(bytes(64))
    link(gcc, slot)
    assert subprocess.run([qemu, *machine], cwd=slot, check=False).returncode == 1


def link(gcc: str, slot: Path) -> None:
    """host.elf, with the binary as it lies in the folder."""
    call(
        gcc, *CORTEX_M4, "-std=c99", "-Os", *STRICT, "-ffreestanding", "-I.", HERE / "slot_host.c",
        "mixed_slot.c", "mixed_slot.S", "selftest/mixed_golden.c", "selftest/mixed_selftest.c",
        "-nostdlib", "-Wl,-T", HERE / "slot_host.ld", "-lgcc", "-o", "host.elf", cwd=slot,
    )  # fmt: skip


def test_a_slot_needs_a_board() -> None:
    with pytest.raises(UserError, match="host") as e:
        PACKAGES.get("slot_module").make(order("host"))
    assert e.value.code == "build.board.host" and "board list" in e.value.hint


# The command


def test_the_command_packages_a_model_file(tmp_path: Path, tinsmith, shared: Path) -> None:
    model = shared / "models" / "hello_world_int8.tflite"
    flags = ("--kind", "c_library", "--kind", "wasm", "--output", tmp_path, "--name", "sine")
    done = tinsmith("package", model, *flags, "--release", "2.1.0", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [(r["kind"], r["board"]) for r in rows] == [("c_library", "host"), ("wasm", "host")]
    for row in rows:
        data = Path(row["path"]).read_bytes()
        assert (len(data), sha256(data).hexdigest()) == (row["bytes"], row["sha256"])
    with zipfile.ZipFile(tmp_path / "sine-c-library.zip") as archive:
        assert b"int32_t sine_run(void *arena, void *state);" in archive.read("sine/sine.h")
        assert b"VERSION 2.1.0" in archive.read("sine/CMakeLists.txt")


def test_the_command_packages_a_project(small: Path, tinsmith) -> None:
    done = tinsmith("package", "--project", small, "--kind", "arduino", "--kind", "zephyr")
    assert done.returncode == 0, done.stderr
    folder = small / "build" / "rpi_pico"
    assert {p.name for p in folder.iterdir()} == {"small-arduino.zip", "small-zephyr.zip"}
    with zipfile.ZipFile(folder / "small-arduino.zip") as archive:
        assert b"acc_x, one step is" in archive.read("small/README.md")


def test_the_command_names_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for arguments, said in (
        (("model.tflite", "--kind", "arduin"), "Did you mean 'arduino'?"),
        (("model.tflite",), "Name one with --kind: arduino, c_library"),
        ((tmp_path / "none.tflite", "--kind", "wasm"), "There is no file"),
        (("m.tflite", "--kind", "wasm", "-b", "host", "-b", "rpi_pico"), "one board"),
        (("--name", "x", "--kind", "wasm"), "only for a model file"),
    ):
        assert command(["package", *map(str, arguments)]) == 2
        assert said in capsys.readouterr().err
    assert command(["package", "--help"]) == 0
    assert "Examples:" in capsys.readouterr().out


@pytest.mark.slow
def test_packages_of_the_shared_models_prove_themselves(
    shared: Path, tmp_path: Path, campaign
) -> None:
    """On Linux without libc and as WebAssembly: floats, states and large models too."""
    wasmtime = pytest.importorskip("wasmtime")
    models = sorted((shared / "models").glob("*.tflite"), key=lambda p: p.stat().st_size)
    proven = 0
    for path in models[: campaign(len(models), 3)]:
        try:
            module = compile_graph(read_model(path, "model"), "host")
        except UserError as e:
            assert "Not supported" in e.message  # some models are refused by name
            continue
        wanted = Order(module, devices.BOARDS.get("host"), golden_of(module.graph), CACHE)
        given = wanted.golden
        files = layers(PACKAGES.get("oci_image").make(wanted)[1])
        binary = tmp_path / "program"
        binary.write_bytes(files["amd64"]["model"])
        binary.chmod(0o755)
        assert call(binary, cwd=tmp_path).startswith("SELFTEST passed"), path.name
        _, folder = made("wasm", tmp_path, wanted)
        assert answers(wasmtime, folder / "model/model.wasm", wanted) == [
            b"".join(given.outputs[n][i].tobytes() for n in module.graph.outputs)
            for i in range(len(next(iter(given.inputs.values()))))
        ], path.name
        proven += 1
    assert proven


def answers(wasmtime, path: Path, wanted: Order) -> list[bytes]:
    """Bytes of all outputs, case by case, of a model as WebAssembly."""
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    module = wasmtime.Module(engine, path.read_bytes())
    exports = wasmtime.Instance(store, module, []).exports(store)
    name, graph, places = wanted.module.name, wanted.module.graph, wanted.module.plan.places
    memory = exports["memory"]
    arena, state = exports[f"{name}_arena"](store), exports[f"{name}_state"](store)
    exports[f"{name}_init"](store, state)
    found = []
    for i in range(len(next(iter(wanted.golden.inputs.values())))):
        if wanted.golden.reset_each:
            exports[f"{name}_reset"](store, state)
        for value, array in wanted.golden.inputs.items():
            memory.write(store, array[i].tobytes(), arena + places[value].offset)
        assert exports[f"{name}_run"](store, arena, state) == 0
        ends = [(arena + places[n].offset, graph.type(n).nbytes) for n in graph.outputs]
        found.append(b"".join(bytes(memory.read(store, at, at + n)) for at, n in ends))
    return found
