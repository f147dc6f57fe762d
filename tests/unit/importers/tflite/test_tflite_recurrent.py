"""Recurrent layers against LiteRT's reference, cases in sequence: int8 exactly, float32 in both
directions and with int8 weights within the tolerance; what cannot be read is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from inputs import fnv1a
from tflite_recurrent import Drawn, bidirectional, compared, drawn, dynamic_lstm, lstm8
from tflites import File, Tensor

from tinsmith.core.errors import UserError
from tinsmith.importers.tflite.convert import convert
from tinsmith.ir.interp import run_cases
from tinsmith.ir.ops._gates import logistic16, tanh16

MODELS = 28
MICRO = (
    "cc7ea970", "acd82363", "4dcc6ed1", "647ddd2c", "42a56d41", "e6f59612", "aed41c8c", "c7e3d6b6",
)  # fmt: skip
"""Digests of what tflite-micro 0.dev20261023 (x86-64) made of the models drawn from seed 35; it is
no dependency. It and the importer were equal over 300 more."""
SMALL = Drawn(steps=3, batch=2, depth=4, units=3, first=True)


@pytest.mark.parametrize("number", range(MODELS))
def test_int8_lstm_gives_the_references_integers(number: int, tmp_path: Path) -> None:
    rng = np.random.default_rng([31, number])
    graph = compared(*lstm8(rng, drawn(rng, number)), tmp_path)
    assert sorted(graph.type(s.name).dtype for s in graph.states) == ["int16", "int8"]
    assert any(n.op == "lstm8" for n in graph.nodes)


@pytest.mark.parametrize("number", range(len(MICRO)))
def test_int8_lstm_of_tensorflow_lite_micro(number: int, tmp_path: Path) -> None:
    rng = np.random.default_rng([35, number])
    file, x = lstm8(rng, drawn(rng, number))
    (tmp_path / "net.tflite").write_bytes(file.bytes())
    graph = convert(tmp_path / "net.tflite", "net", "tflm")
    values = run_cases(graph, {graph.inputs[0]: x}, reset_each=False)
    assert fnv1a(values[graph.outputs[0]].tobytes()) == MICRO[number]


def test_what_lies_between_steps_has_a_scale_of_its_own(tmp_path: Path) -> None:
    """h is scaled as the intermediate tensor says; state and result only call it otherwise."""
    rng = np.random.default_rng(5)
    file, x = lstm8(rng, replace(SMALL, batch=1))
    h, between = file.tensors[13], file.tensors[20]
    h.scale, h.zero = (h.scale[0] * 1.25,), (h.zero[0] // 2,)
    between.scale, between.zero = (between.scale[0] * 0.75,), (31,)
    compared(file, x, tmp_path)


@pytest.mark.parametrize("merged", [False, True])
@pytest.mark.parametrize("kind", ["lstm", "rnn"])
def test_both_directions(kind: str, merged: bool, tmp_path: Path) -> None:
    for number in range(8):
        rng = np.random.default_rng([32, number])
        d = drawn(rng, number)
        if merged and kind == "lstm" and not d.first:
            d = replace(d, batch=1)
        graph = compared(*bidirectional(rng, d, kind, merged), tmp_path)
        assert len(graph.states) == (4 if kind == "lstm" else 2)


@pytest.mark.parametrize("asymmetric", [False, True])
def test_int8_weights_alone(asymmetric: bool, tmp_path: Path) -> None:
    """Rows are rounded to the very steps of the reference: one step would be 0.5% of h."""
    for number in range(10):
        rng = np.random.default_rng([34, number])
        graph = compared(*dynamic_lstm(rng, drawn(rng, number), asymmetric), tmp_path)
        assert len(graph.states) == 2 and any(n.op == "lstm_rows" for n in graph.nodes)


def test_gates_are_their_functions() -> None:
    """Every argument; a step of 2^-15 is off by 12 at most."""
    x = np.arange(-(2**15), 2**15)
    assert np.abs(logistic16(x) - 2**15 / (1 + np.exp(-x / 4096))).max() < 13
    for bits in range(7):
        real = np.tanh(x * 2.0 ** (bits - 15))
        assert np.abs(tanh16(x, bits) - 2**15 * real).max() < 25, bits


def _operand(position: int, tensor: int) -> Callable[[File], None]:
    def change(file: File) -> None:
        inputs = list(file.operators[0].inputs)
        inputs[position] = tensor
        file.operators[0].inputs = inputs

    return change


def _extra(position: int) -> Callable[[File], None]:
    return _operand(position, 9)


def _without(position: int) -> Callable[[File], None]:
    return _operand(position, -1)


def _option(id: int, code: str, value: float) -> Callable[[File], None]:
    def change(file: File) -> None:
        file.operators[0].options = {**file.operators[0].options, id: (code, value)}

    return change


def _no_intermediates(file: File) -> None:
    file.operators[0].intermediates = ()


def _scale(index: int, value: float, zero: int = 0) -> Callable[[File], None]:
    def change(file: File) -> None:
        file.tensors[index].scale, file.tensors[index].zero = (value,), (zero,)

    return change


def _wide_state(file: File) -> None:
    file.tensors[14].type = "int8"


def _other_gate(file: File) -> None:
    w = np.zeros((2, 4), np.int8)
    file.tensors[2] = Tensor("w_f", w.shape, "int8", (0.1,), (0,), data=w)


def _uneven_gates(file: File) -> None:
    """Together as long as before."""
    for index, rows in ((2, 2), (3, 4)):
        file.tensors[index] = Tensor(f"w{index}", (rows, 4), data=np.zeros((rows, 4)))


def _far_bias(file: File) -> None:
    file.tensors[9].data = np.full(3, 2**31 - 1)


def _constant_state(file: File) -> None:
    file.tensors[13].variable = False


REFUSED = {
    "peepholes": (_extra(10), "peepholes"), "projection": (_extra(16), "a projection"),
    "norm": (_extra(21), "normalised layers"), "coupled": (_without(1), "coupled"),
    "no_recurrent": (_without(5), "operand 5"), "no_bias": (_without(12), "operand 12"),
    "diagonal": (_option(5, "b", 1), "diagonal"), "relu": (_option(0, "b", 1), "not tanh"),
    "clip": (_option(1, "f", -1.0), "clip is -1.0"),
    "intermediates": (_no_intermediates, "0 intermediates"),
    "cell_scale": (_scale(14, 0.001), "power of two"),
    "cell_range": (_scale(14, 2.0**-8), "power of two"),
    "cell_zero": (_scale(14, 2.0**-11, 3), "power of two"),
    "cell_type": (_wide_state, "is not int16"), "weight_zero": (_scale(1, 0.1, 5), "zero point 0"),
    "scales": (_scale(1, 1e9), "beyond int32"), "bias": (_far_bias, "beyond int32"),
    "hidden": (_scale(20, 1e-30), "do not fit"), "shapes": (_other_gate, "shapes"),
    "state": (_constant_state, "is read before"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_int8_lstm_that_is_refused(case: str, tmp_path: Path) -> None:
    change, words = REFUSED[case]
    file, _ = lstm8(np.random.default_rng(4), SMALL)
    change(file)
    refused(file, "litert", "UNIDIRECTIONAL_SEQUENCE_LSTM", words, tmp_path)


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        ("lstm", _extra(39), "a second input"), ("lstm", _extra(27), "peepholes"),
        ("lstm", _extra(33), "a projection"), ("lstm", _without(18), "coupled"),
        ("rnn", _extra(9), "a second input"), ("rnn", _option(1, "b", 3), "activation 3"),
        ("lstm", _option(3, "b", 1), "2 results; expected 1"),
        ("lstm", _option(0, "b", 0), "none fails in the reference"),
        ("lstm", _uneven_gates, "its gates have shapes"),
        ("lstm", _option(1, "f", -1.0), "clip is -1.0"),
    ],
)  # fmt: skip
def test_both_directions_that_are_refused(
    kind: str, change: Callable[[File], None], words: str, tmp_path: Path
) -> None:
    file, _ = bidirectional(np.random.default_rng(4), SMALL, kind, False)
    change(file)
    refused(file, "litert", f"BIDIRECTIONAL_SEQUENCE_{kind.upper()}", words, tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_scale(1, 0.1, 5), "zero point 0"), (_option(1, "f", -1.0), "clip is -1.0"),
        (_option(0, "b", 3), "activation 3"), (_option(0, "b", 0), "none fails"),
        (_extra(16), "a projection"), (_other_gate, "shapes"),
    ],
)  # fmt: skip
def test_int8_weights_alone_that_are_refused(
    change: Callable[[File], None], words: str, tmp_path: Path
) -> None:
    file, _ = dynamic_lstm(np.random.default_rng(4), SMALL, True)
    change(file)
    refused(file, "litert", "UNIDIRECTIONAL_SEQUENCE_LSTM", words, tmp_path)


def test_batches_whose_states_overlap_in_the_reference_are_refused(tmp_path: Path) -> None:
    d = replace(SMALL, first=False)
    file, _ = bidirectional(np.random.default_rng(4), d, "lstm", True)
    refused(file, "litert", "BIDIRECTIONAL_SEQUENCE_LSTM", "fail in the reference", tmp_path)


def refused(file: File, semantics: str, kind: str, words: str, folder: Path) -> None:
    path = folder / "net.tflite"
    path.write_bytes(file.bytes())
    with pytest.raises(UserError) as e:
        convert(path, "net", semantics)
    assert e.value.code.startswith("import.tflite.")
    assert words in e.value.message and f"operator {kind} (node 0" in e.value.message, e.value
