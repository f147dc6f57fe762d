"""What holds for every entry of every catalogue; catalogues and entries are found, not listed."""

import tomllib
from importlib.resources import files
from itertools import pairwise
from typing import Any

import pytest
from firmwares import CACHE, inputs, mixed, mixed_graph

from tinsmith.bench.runner import RUNNERS, runners_for
from tinsmith.build.package import PACKAGES, Golden, Order
from tinsmith.build.toolchain import TOOLCHAINS, toolchains_for
from tinsmith.cli.kinds import listing
from tinsmith.core.catalogue import catalogues
from tinsmith.core.errors import MissingTool, UnknownKind
from tinsmith.devices.board import BOARDS, cores
from tinsmith.ir.interp import run_cases
from tinsmith.ir.op import OPS
from tinsmith.testing.kernels import all_kernels

ALL = catalogues()
ENTRIES = [(kind, name) for kind, c in ALL.items() for name in c.names()]
WITH_PARAMS = [(k, n) for k, n in ENTRIES if k in ("block", "family")]


def test_the_thread_has_its_catalogues() -> None:
    wanted = {
        "block", "board", "command", "family", "format", "importer", "method", "op", "package",
        "pass", "planner", "runner", "toolchain",
    }  # fmt: skip
    assert wanted <= set(ALL)


@pytest.mark.parametrize("kind", ALL)
def test_each_catalogue_has_entries_and_says_what_is_near(kind: str) -> None:
    catalogue = ALL[kind]
    first = catalogue.names()[0]
    with pytest.raises(UnknownKind) as e:
        catalogue.get(first + "x")
    assert "Did you mean" in e.value.message and first in e.value.hint


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_each_entry_loads_and_bears_the_name_of_its_file(kind: str, name: str) -> None:
    entry: Any = ALL[kind].get(name)
    assert getattr(entry, "name" if hasattr(ALL[kind], "type") else "id") == name
    assert name == name.lower() and name.isidentifier()


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_each_entry_says_in_a_sentence_what_it_is(kind: str, name: str) -> None:
    summary = ALL[kind].summary(name)
    assert 10 < len(summary) < 250
    assert hasattr(ALL[kind], "parse") or summary.endswith(".")


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_each_entry_is_listed(kind: str, name: str) -> None:
    assert name in {row[kind] for row in listing(kind, "")}
    assert listing(kind, name)


@pytest.mark.parametrize(("kind", "name"), WITH_PARAMS)
def test_each_default_is_allowed(kind: str, name: str) -> None:
    entry: Any = ALL[kind].get(name)
    defaults = {p.name: p.default for p in entry.params}
    for complete in (entry.complete(defaults), entry.complete({})):
        assert {k: complete[k] for k in defaults} == defaults
    assert all(p.doc for p in entry.params)


@pytest.mark.parametrize("name", BOARDS.names())
def test_each_board_is_served(name: str) -> None:
    board = BOARDS.get(name)
    assert board.core.name in cores()
    assert board.sources
    assert all(TOOLCHAINS.get(t).flags(board.core) for t in toolchains_for(board))
    assert all(not RUNNERS.get(r).refuses(board) for r in runners_for(board))


@pytest.mark.parametrize("name", BOARDS.names())
def test_the_memories_of_a_board_do_not_overlap(name: str) -> None:
    spans = sorted((m.origin, m.origin + m.nbytes) for m in BOARDS.get(name).memories)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert all(low < high <= 1 << 32 for low, high in spans)


def test_each_core_has_a_source() -> None:
    text = files("tinsmith.devices").joinpath("cores.toml").read_text("utf-8")
    assert all(len(row["source"]) > 5 for row in tomllib.loads(text).values())


@pytest.mark.parametrize("name", RUNNERS.names())
def test_each_runner_is_found_or_says_what_to_install(name: str) -> None:
    found_or_told(RUNNERS.get(name).find)


@pytest.mark.parametrize("name", TOOLCHAINS.names())
def test_each_toolchain_is_found_or_says_what_to_install(name: str) -> None:
    found_or_told(TOOLCHAINS.get(name).find)


def found_or_told(find: Any) -> None:
    try:
        assert find()
    except MissingTool as e:
        assert e.hint


@pytest.mark.parametrize("name", OPS.names())
def test_each_op_has_its_kernels_and_rows(name: str) -> None:
    op = OPS.get(name)
    folder = files("tinsmith.kernels").joinpath("ref")
    for dtype in op.kernels:
        assert folder.joinpath(f"{OPS.get(name).kernel_name(dtype)}.c").is_file()
        assert any(c.types[0].dtype == dtype for c in op.cases.values()), dtype
    assert op.tolerance <= 1e-5 or op.why


def test_each_kernel_file_belongs_to_an_op() -> None:
    folder = files("tinsmith.kernels").joinpath("ref")
    known = {k.file for k in all_kernels()}
    assert {p.name for p in folder.iterdir() if p.name.endswith(".c")} == known


@pytest.mark.parametrize("name", PACKAGES.names())
def test_each_package_is_reproducible_to_the_byte(name: str) -> None:
    graph, x = mixed_graph(), inputs()
    values = run_cases(graph, x)
    golden = Golden(x, {o: values[o] for o in graph.outputs})
    make, order = (
        PACKAGES.get(name).make,
        Order(mixed("rpi_pico"), BOARDS.get("rpi_pico"), golden, CACHE),
    )
    assert make(order) == make(order)
