"""Kernels are chosen, pinned and written down; what is impossible is said with what is possible."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tinsmith.codegen import kernel_set, select
from tinsmith.codegen.choices import (
    NOTHING_CHOSEN,
    Choices,
    Tuned,
    read_pinned,
    read_tuned,
    write_chosen,
    write_tuned,
)
from tinsmith.codegen.compile import compile_graph
from tinsmith.codegen.kernel_set import SETS
from tinsmith.core.errors import UserError
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import TensorType

BOTH = "float/dense_row_float32, ref/dense_relu_float32"


def small() -> Graph:
    b = Builder("net")
    w, bias = b.constant("w", np.eye(3, dtype=np.float32)), b.constant("b", np.ones(3, np.float32))
    x = b.op("dense", b.input("x", TensorType((1, 3), "float32")), w, bias, name="sum")
    return b.build([b.op("softmax", b.op("relu", x, name="hidden"), name="out")])


def test_a_program_says_its_kernels() -> None:
    kernels = compile_graph(small(), "host").kernels
    assert kernels == {"hidden": "float/dense_row_float32", "out": "ref/softmax_float32"}


def test_a_fused_layer_may_be_pinned_apart_and_its_parts_too() -> None:
    pins = Choices({"hidden": "parts", "sum": "ref/dense_float32"})
    kernels = compile_graph(small(), "host", choices=pins).kernels
    assert list(kernels) == ["sum", "hidden", "out"] and kernels["hidden"] == "float/relu_float32"


@pytest.mark.parametrize(
    ("layer", "kernel", "told"),
    [
        ("hidden", "dsp/dense", f"Possible there: {BOTH}, parts."),
        ("out", "ref/softmax_int8", "Possible there: ref/softmax_float32."),
        ("hiden", "parts", "Did you mean 'hidden'?"),
        ("sum", "ref/dense_float32", "Layers: hidden, out."),
    ],
)
def test_an_impossible_pin_names_what_is_possible(layer: str, kernel: str, told: str) -> None:
    with pytest.raises(UserError, match=layer) as e:
        compile_graph(small(), "host", choices=Choices({layer: kernel}))
    assert e.value.code == "codegen.choice" and e.value.hint == told


def test_an_operation_without_a_kernel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a fused layer without one is taken apart before."""
    monkeypatch.setattr(select, "sets_for", lambda features: [])
    with pytest.raises(UserError, match=r"'dense' \(node 'sum'\) has no kernel for float32") as e:
        compile_graph(small(), "host")
    assert e.value.code == "codegen.kernel"


def test_a_fused_layer_that_no_kernel_computes_stays_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    ref = SETS.get("ref")
    plain = replace(ref, bind=lambda use: [] if use.op == "fused" else ref.bind(use))
    monkeypatch.setattr(select, "sets_for", lambda features: [plain])
    assert list(compile_graph(small(), "host").kernels) == ["sum", "hidden", "out"]


def test_the_lock_file_keeps_pins_and_other_boards(tmp_path: Path) -> None:
    file = tmp_path / "tinsmith.lock"
    assert read_pinned(file, "host") is NOTHING_CHOSEN
    file.write_text('[host.pinned]\n"a layer" = "parts"\n[rpi_pico.chosen]\nx = "ref/y"\n')
    write_chosen(file, "host", {"a layer": "ref/z", "b": "ref/c"})
    assert read_pinned(file, "host").kernels == {"a layer": "parts"}
    text = file.read_text()
    assert text.startswith("# Which kernel") and '["rpi_pico".chosen]\n"x" = "ref/y"' in text
    assert '"b" = "ref/c"' in text
    before = file.stat().st_mtime_ns
    write_chosen(file, "host", {"a layer": "ref/z", "b": "ref/c"})
    assert file.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[host", "not valid TOML"),
        ("host = 1", "host is 1; allowed is a table"),
        ("[host.pins]", "key 'host.pins' is unknown"),
        ("[host.pinned]\na = 3", "host.pinned.a is 3; allowed is a text"),
    ],
)
def test_a_wrong_lock_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "tinsmith.lock"
    file.write_text(text)
    with pytest.raises(UserError, match="lock") as e:
        read_pinned(file, "host")
    assert told in e.value.message


def test_of_the_sets_that_a_core_runs_the_higher_rank_comes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ref = SETS.get("ref")
    fast = replace(ref, name="fast", rank=2, needs=frozenset({"dsp"}))
    wide = replace(ref, name="wide", rank=3, needs=frozenset({"dsp", "mve"}))
    monkeypatch.setattr(kernel_set, "SETS", SimpleNamespace(all=lambda: [ref, fast, wide]))
    assert [s.name for s in kernel_set.sets_for({"dsp", "fpu"})] == ["fast", "ref"]
    assert [s.name for s in kernel_set.sets_for({"dsp", "mve"})] == ["wide", "fast", "ref"]
    assert [s.name for s in kernel_set.sets_for(())] == ["ref"]


def test_what_was_tuned_is_kept_for_each_toolchain(tmp_path: Path) -> None:
    """Beside pins and what was chosen, which stay whatever is written."""
    file = tmp_path / "net.lock"
    file.write_text('[b1.pinned]\nsum = "parts"\n')
    first = Tuned("speed", "hash", "1.0", {"sum": "ref/x"}, {"ref/x": "size"})
    second = Tuned("size", "hash", "1.0", {"sum": "ref/y"}, {})
    write_tuned(file, "b1", 'zig "1"', first)
    write_tuned(file, "b1", "gcc 2", second)
    write_tuned(file, "b2", "gcc 2", second)
    write_chosen(file, "b1", {"out": "ref/z"})
    assert read_tuned(file, "b1") == {'zig "1"': first, "gcc 2": second}
    assert read_tuned(file, "b2") == {"gcc 2": second} and read_tuned(file, "b3") == {}
    assert read_pinned(file, "b1").kernels == {"sum": "parts"}
    assert '[b1".chosen]' in file.read_text().replace('["', "[")
    write_tuned(file, "b1", 'zig "1"', replace(first, levels={}))
    assert read_tuned(file, "b1")['zig "1"'].levels == {}
    with pytest.raises(UserError, match=r"b1.tuned.gcc 2.speed"):
        file.write_text('[b1.tuned."gcc 2"]\nspeed = "x"\n')
        read_tuned(file, "b1")
