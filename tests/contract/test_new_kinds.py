"""A new kind is one new file: dropped into a copy of the tree it is listed, documented and tested,
with no other edit."""

import shutil
import sys
from pathlib import Path

import pytest
from trees import Tree, copy_tree

NEW = Path(__file__).parent / "new_kinds"
KINDS = {
    "op": "absolute",
    "block": "energy",
    "family": "convolved",
    "board": "nucleo_l452re",
    "runner": "again",
    "command": "hello",
    "set": "quick",
    "importer": "plain",
}
MORE = 1 + 1 + 2
"""Files beyond one each: the C of the op and of the set, and the importer is a folder of three."""
MAIN = "from tinsmith.cli.main import main; main()"


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """The tree with one file or folder more of each kind (and C); nothing else is touched."""
    tree = copy_tree(tmp_path_factory.mktemp("grown") / "tree")
    before = {p for p in (tree.root / "src").rglob("*") if p.is_file()}
    shutil.copytree(NEW, tree.root, dirs_exist_ok=True)
    added = {p for p in (tree.root / "src").rglob("*") if p.is_file()} - before
    assert len(added) == len(KINDS) + MORE
    assert tree.make("docs").returncode == 0
    return tree


def cli(tree: Tree, *arguments: str) -> str:
    result = tree.run(sys.executable, "-c", MAIN, *arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_listed(grown: Tree, kind: str) -> None:
    assert KINDS[kind] in cli(grown, "kinds", kind)
    assert KINDS[kind] in cli(grown, "kinds", kind, KINDS[kind])


def test_the_command_and_the_board_can_be_used(grown: Tree) -> None:
    assert cli(grown, "hello", "--name", "Ada").strip() == "hello Ada"
    assert "hello" in cli(grown, "--help")
    assert "131072" in cli(grown, "board", "show", "nucleo_l452re", "--json")


QUANTISED = """
import numpy as np
from tinsmith.codegen.compile import lower
from tinsmith.compress.apply import apply
from tinsmith.compress.method import Calibration
from tinsmith.ir.builder import Builder
from tinsmith.ir.types import TensorType
rng = np.random.default_rng(1)
b = Builder("net")
y = b.input("x", TensorType((2, 6), "float32"))
for name in ("first", "second"):
    w, c = rng.normal(size=(6, 6)), rng.normal(size=6)
    w, c = (b.constant("c", a.astype(np.float32)) for a in (w, c))
    y = b.op("dense", y, w, c, name=name)
    y = b.op("absolute", b.op("transpose", y), name=f"{name}_size")
    y = b.op("transpose", y)
cases = rng.normal(size=(40, 2, 6)).astype(np.float32)
done = apply(b.build([y]), "int8_ptq", Calibration({"x": cases}))
lower(done.graph)
print([n.op for n in done.graph.nodes], [f.op for f in done.floats])
"""


def test_the_op_is_quantised(grown: Tree) -> None:
    """As a table beside its layer, with the transpose behind it."""
    result = grown.run(sys.executable, "-c", QUANTISED)
    assert result.returncode == 0, result.stdout + result.stderr
    layer = "'dense', 'requantize', 'lookup', 'transpose', 'transpose'"
    assert result.stdout.strip() == f"['quantize', {layer}, {layer}, 'dequantize'] []"


SECOND_SET = """
import numpy as np
from pathlib import Path
from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.compile import compile_graph
from tinsmith.devices.board import BOARDS
from tinsmith.importers import read_model
from tinsmith.ir.interp import run_cases
Path("w.matrix").write_text("1 2.5 -3\\n0.125 7 -0.3\\n")
graph = read_model(Path("w.matrix"))
inputs = {"x": np.array([[[0.1, 20, -3]], [[1e-3, 0.7, 5]]], np.float32)}
for name in ("nucleo_l4r5zi", "rpi_pico"):
    board = BOARDS.get(name)
    module = compile_graph(graph, name)
    firmware = build_image(module, board, "zig", BuildOptions(cache=Path("objects")))
    got = run(firmware, board, "unicorn", RunOptions(inputs, cache=Path("objects"))).outputs
    same = got["y"].tobytes() == run_cases(graph, inputs)["y"].tobytes()
    print(name, module.kernels["y"], "w_t_y_by_column[6]" in module.sources["w_weights.c"],
          "y#scratch" in module.plan.places, same)
"""


def test_a_kernel_of_a_second_set_is_taken_where_the_core_has_what_it_needs(grown: Tree) -> None:
    """With scratch and with weights in another arrangement, on a graph of the new importer."""
    result = grown.run(sys.executable, "-c", SECOND_SET)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.splitlines() == [
        "nucleo_l4r5zi quick/dense_float32 True True True",
        "rpi_pico ref/dense_float32 False False True",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_documented(grown: Tree, kind: str) -> None:
    text = (grown.root / "docs/reference/kinds.md").read_text(encoding="utf-8")
    assert f"| `{KINDS[kind]}` |" in text.split(f"\n## {kind}\n")[1].split("\n## ")[0]


def test_its_parameters_its_options_and_its_rows_are_documented(grown: Tree) -> None:
    pages = {
        p.name: p.read_text(encoding="utf-8") for p in (grown.root / "docs/reference").iterdir()
    }
    assert "| `gain` | `1.0` | float, from 0.1 to 10 | factor of the result |" in pages["kinds.md"]
    assert "## `tinsmith hello`" in pages["cli.md"] and "Whom to greet." in pages["cli.md"]
    assert "## `absolute`" in pages["ops.md"] and "one_element, signs" in pages["ops.md"]


@pytest.mark.parametrize("gate", ["gate-layers", "gate-sizes", "gate-docs", "gate-types"])
def test_the_gates_accept_it(grown: Tree, gate: str) -> None:
    result = grown.make(gate)
    assert result.returncode == 0, result.stdout + result.stderr


PATHS = (
    "tests/contract/test_catalogues.py",
    "tests/contract/test_blocks.py",
    "tests/contract/test_families.py",
    "tests/numeric/test_ops.py",
    "tests/numeric/test_mutations.py",
    "tests/unit/ir/test_traits.py",
)


@pytest.fixture(scope="module")
def passed(grown: Tree) -> list[str]:
    """Tests that were there before, took the new kinds up and passed."""
    pytest_ = (sys.executable, "-m", "pytest", "-vv", "-p", "no:cacheprovider")
    result = grown.run(*pytest_, *PATHS, "-k", " or ".join(KINDS.values()))
    assert result.returncode == 0, result.stdout + result.stderr
    return [line for line in result.stdout.splitlines() if "PASSED" in line]


@pytest.mark.parametrize(
    ("path", "kind", "least"),
    [
        (PATHS[0], "op", 4),
        (PATHS[0], "block", 4),
        (PATHS[0], "family", 4),
        (PATHS[0], "board", 5),
        (PATHS[0], "runner", 4),
        (PATHS[0], "command", 3),
        (PATHS[1], "block", 3),
        (PATHS[2], "family", 3),
        (PATHS[3], "op", 4),
        (PATHS[4], "op", 1),
        (PATHS[5], "op", 2),
    ],
)
def test_it_is_tested(passed: list[str], path: str, kind: str, least: int) -> None:
    mine = [line for line in passed if line.startswith(path) and KINDS[kind] in line]
    assert len(mine) >= least, "\n".join(passed)


def test_a_wrong_new_kernel_is_caught(grown: Tree, tmp_path: Path) -> None:
    """The tests that take a new op up can fail: its C says something else than its numpy."""
    wrong = Tree(tmp_path / "tree")
    shutil.copytree(grown.root, wrong.root)
    kernel = wrong.root / "src/tinsmith/kernels/ref/absolute_float32.c"
    kernel.write_text(kernel.read_text().replace("? -x[i] : x[i]", "? x[i] : x[i]"))
    pytest_ = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider")
    result = wrong.run(*pytest_, PATHS[3], "-k", "absolute and O0")
    assert result.returncode == 1 and "FAILED tests/numeric/test_ops.py" in result.stdout
