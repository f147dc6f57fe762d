"""Imports go downwards only; each planted violation is named."""

from collections.abc import Callable

import pytest

PLANTS = {
    "upward": ("src/tinsmith/core/units.py", "import tinsmith.cli.main", "core.units"),
    "one step": ("src/tinsmith/build/firmware.py", "import tinsmith.bench.runner", "build.firm"),
    "sibling": ("src/tinsmith/data/windows.py", "import tinsmith.ir.graph", "data.windows"),
    "sibling back": ("src/tinsmith/ir/types.py", "import tinsmith.devices.board", "ir.types"),
    "database": ("src/tinsmith/flow/record.py", "import sqlalchemy", "sqlalchemy"),
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


def test_a_package_that_nobody_listed_is_named(tree, fails: Callable) -> None:
    tree.write("src/tinsmith/misfit/__init__.py", '"""A package without a place."""\n')
    fails(tree.make("gate-layers"), "misfit")


def test_a_new_layer_finds_its_place(tree) -> None:
    """The layers in parentheses may be missing, and may come."""
    tree.write("src/tinsmith/fleet/__init__.py", '"""Later."""\nimport tinsmith.prove.trace\n')
    result = tree.make("gate-layers")
    assert result.returncode == 0, result.stdout
