"""`tests/unit` is what one runs after every change: nothing there links or emulates."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[1] / "unit"
HEAVY = {
    "tinsmith.bench.run": {"run"},
    "tinsmith.build.image": {"build_image"},
    "tinsmith.build.shared": {"build_shared"},
    "tinsmith.flow.run": {"run", "deliver", "make_firmware"},
    "tinsmith.testing.kernels": {"compile_kernels", "HostKernels"},
    "planting": {"make_bench"},
    "firmwares": {"image", "sabotaged"},
}
"""Module -> what compiles, links or runs firmware."""
FIXTURES = {"require_tool", "host_kernels"}


def heavy(text: str) -> Iterator[str]:
    """What a test file uses that does not belong into `tests/unit`."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            yield from {a.name for a in node.names} & HEAVY.get(node.module or "", set())
        elif isinstance(node, ast.arg) and node.arg in FIXTURES:
            yield node.arg


@pytest.mark.parametrize("path", sorted(UNIT.rglob("test_*.py")), ids=lambda p: p.stem)
def test_a_unit_test_neither_links_nor_emulates(path: Path) -> None:
    assert not list(heavy(path.read_text("utf-8")))


def test_a_planted_one_is_named() -> None:
    assert list(heavy("from tinsmith.build.image import build_image\n")) == ["build_image"]
    assert list(heavy("def test_x(tmp_path, require_tool): ...\n")) == ["require_tool"]
