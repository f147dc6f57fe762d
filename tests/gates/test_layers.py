"""Imports go downwards only; each planted violation is named."""

from collections.abc import Callable

import pytest

PLANTS = {
    "upward": ("src/tinsmith/core/units.py", "import tinsmith.cli.main", "core.units"),
    "one step": ("src/tinsmith/build/firmware.py", "import tinsmith.bench.runner", "build.firm"),
    "sibling": ("src/tinsmith/data/windows.py", "import tinsmith.ir.graph", "data.windows"),
    "sibling back": ("src/tinsmith/ir/types.py", "import tinsmith.devices.board", "ir.types"),
    "importers below": ("src/tinsmith/ir/graph.py", "import tinsmith.importers", "ir.graph"),
    "rewrite to compose": ("src/tinsmith/rewrite/lower.py", "import tinsmith.compose", "low"),
    "one importer to another": (
        "src/tinsmith/importers/keras/rules.py", "import tinsmith.importers.onnx.parse", "keras.ru"
    ),
    "database": ("src/tinsmith/flow/record.py", "import sqlalchemy", "sqlalchemy"),
    "facade below": ("src/tinsmith/flow/gates.py", "import tinsmith.facade.model", "flow.gates"),
    "by the whole package": ("src/tinsmith/ir/types.py", "from tinsmith import load", "ir.types"),
    "training in the facade": ("src/tinsmith/facade/model.py", "import torch", "torch"),
    "command line below": ("src/tinsmith/learn/trained.py", "import typer", "typer"),
    "terminal below": ("src/tinsmith/flow/record.py", "import rich.table", "rich"),
    "training in codegen": ("src/tinsmith/codegen/module.py", "import torch", "torch"),
    "training in ir": ("src/tinsmith/ir/builder.py", "import torch", "torch"),
    "engine in process": ("src/tinsmith/bench/runner.py", "import unicorn", "unicorn"),
}  # fmt: skip


def test_the_tree_keeps_its_layers(tree) -> None:
    result = tree.make("gate-layers")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_import_is_named(tree, fails: Callable, plant: str) -> None:
    path, line, word = PLANTS[plant]
    assert (tree.root / path).exists()
    tree.append(path, f"\n{line}  # planted\n")
    fails(tree.make("gate-layers"), word, "BROKEN")


CIRCLES = {
    "plain": ("codegen/planner.py", "from tinsmith.codegen.buffers import plan_memory", "planner"),
    "by its package": ("ir/op.py", "from tinsmith.ir import rules", "ir.op"),
    "late": ("ir/graph.py", "def late() -> None:\n    import tinsmith.ir.builder", "ir.graph"),
    "types only": (
        "ir/types.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from tinsmith.ir.op import Op",
        "ir.types",
    ),
}


@pytest.mark.parametrize("plant", CIRCLES)
def test_a_planted_circle_is_named(tree, fails: Callable, plant: str) -> None:
    path, lines, word = CIRCLES[plant]
    tree.append(f"src/tinsmith/{path}", f"\n{lines}  # planted\n")
    fails(tree.make("gate-layers"), word, "circle of")


def test_a_package_that_nobody_listed_is_named(tree, fails: Callable) -> None:
    tree.write("src/tinsmith/misfit/__init__.py", '"""A package without a place."""\n')
    fails(tree.make("gate-layers"), "misfit")


def test_a_new_layer_finds_its_place(tree) -> None:
    """The layers in parentheses may be missing, and may come."""
    tree.write("src/tinsmith/fleet/__init__.py", '"""Later."""\nimport tinsmith.prove.trace\n')
    result = tree.make("gate-layers")
    assert result.returncode == 0, result.stdout
