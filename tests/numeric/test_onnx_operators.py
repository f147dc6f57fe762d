"""Operators by themselves: ONNX's own node tests by the interpreter, and numpy where there are
none; compiled C runs all of them in test_onnx_nodes.py."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from onnx_nodes import imported, node_cases, wrong
from onnxes import info, model, one

from tinsmith.core.errors import UserError
from tinsmith.importers.onnx.convert import from_bytes
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases

_TEXT = """
affine_grid_2d affine_grid_3d_align_corners attention_3d_causal attention_3d_gqa
attention_4d_attn_mask_3d_causal attention_4d_with_past_and_present attention_4d_softcap
basic_deform_conv_with_padding bitshift_left_int8_overflow bitshift_right_int16
bitshift_right_int32_shift_ge_width bitwise_and_ui8_bcast_4v3d bitwise_not_2d bitwise_or_i16_4d
bitwise_xor_i32_2d causal_conv_with_state_silu_with_past_state
center_crop_pad_crop_and_pad center_crop_pad_crop_axes_chw col2im col2im_5d col2im_pads
compress_0 compress_default_axis deform_conv_with_mask_bias
deform_conv_with_multiple_offset_groups dft_axis dft_irfft dft_rfft gridsample
gridsample_bicubic gridsample_bilinear_align_corners_1_additional_1 gridsample_border_padding
gridsample_nearest gridsample_reflection_padding gridsample_volumetric_bilinear_align_corners_0
gridsample_zeros_padding linear_attention_gated_delta_gqa
loop11 lppool_1d_default lppool_2d_pads lppool_3d_default melweightmatrix reversesequence_batch
reversesequence_time rotary_embedding rotary_embedding_with_interleaved_rotary_dim stft_with_window
swiglu_alpha
"""
CASES = _TEXT.split()


make = helper.make_node


def graph_of(made: Any) -> Graph:
    return from_bytes(made.SerializeToString(), "m")


def run(graph: Graph, *arrays: np.ndarray) -> list[np.ndarray]:
    fed = {i: a[None] for i, a in zip(graph.inputs, arrays, strict=True)}
    found = run_cases(graph, fed) if fed else {}
    return [found[o][0] if o in found else graph.constants[o] for o in graph.outputs]


@pytest.mark.parametrize("name", CASES)
def test_node_tests(name: str) -> None:
    found = [c for c in node_cases() if c.name in (f"test_{name}", f"test_{name}_cpu")]
    if not found and version("onnx") < "1.23":  # of two digits each since 1.10
        pytest.skip(f"onnx {version('onnx')} has no node test {name}")
    (case,) = found
    one_case = imported(case)
    fed = [one_case.fed[i] for i in one_case.graph.inputs]
    assert not wrong(case, run(one_case.graph, *fed))


EINSUMS = [
    ("ij,jk->ik", [(2, 3), (3, 4)], (1,)), ("ij,jk->ik", [(2, 3), (3, 4)], (0,)),
    ("bij,bjk->bik", [(2, 3, 4), (2, 4, 5)], ()), ("...ii->...i", [(3, 5, 5)], ()),
    ("ij -> ji", [(3, 4)], ()), ("i,i", [(5,), (5,)], ()), ("ba", [(2, 3)], ()),
    ("bhld,bhmd->bhlm", [(2, 2, 3, 4), (2, 2, 5, 4)], ()), ("ij,j->ij", [(3, 4), (4,)], ()),
    ("i,j->ji", [(3,), (4,)], ()), ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 2)], (2,)),
    ("...ij,...jk->...ik", [(2, 3, 4), (4, 5)], ()), ("ij,jk->i", [(2, 3), (3, 4)], ()),
    ("bhwc,hkc->bhwk", [(2, 3, 4, 5), (3, 6, 5)], (1,)), ("ii->", [(4, 4)], (0,)),
    ("nkctv,kvw->nctw", [(1, 3, 4, 5, 6), (3, 6, 6)], (1,)), ("a,b,a->b", [(2,), (3,), (2,)], ()),
    ("...a,...a->...", [(4, 1, 3), (2, 3)], ()), ("iij,jkk->ik", [(2, 2, 3), (3, 4, 4)], (1,)),
]  # fmt: skip


@pytest.mark.parametrize(("equation", "shapes", "constant"), EINSUMS)
def test_einsum(equation: str, shapes: list[tuple[int, ...]], constant: tuple[int, ...]) -> None:
    rng = np.random.default_rng(3)
    arrays = [rng.normal(size=s).astype(np.float32) for s in shapes]
    if len(constant) == len(arrays):
        constant = ()
    graph = graph_of(one("Einsum", arrays, None, constant, equation=equation))
    fed = [a for i, a in enumerate(arrays) if i not in constant]
    (got,) = run(graph, *fed)
    want = np.einsum(equation, *(a.astype(np.float64) for a in arrays))
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def test_einsum_of_a_layer_is_a_dense_layer() -> None:
    x, w = np.ones((2, 3, 4), np.float32), np.ones((4, 5), np.float32)
    graph = graph_of(one("Einsum", [x, w], None, (1,), equation="abc,cd->abd"))
    assert "matmul" not in [n.op for n in graph.nodes] and "dense" in [n.op for n in graph.nodes]


@pytest.mark.parametrize(
    "equation",
    ["ij,kl,kl,kl->i", "ij,jk->iz", "ij->ij", "i,jk->ijk", "ij,jk->ii", "ij,jk", "i+j,jk->ik"],
)
def test_einsums_that_do_not_fit_are_refused(equation: str) -> None:
    arrays = [np.ones((2, 3), np.float32), np.ones((4, 2), np.float32)]
    with pytest.raises(UserError, match="Einsum"):
        graph_of(one("Einsum", arrays, None, (), equation=equation))


@pytest.mark.parametrize("length", [10, 7, 16])
def test_dft(length: int) -> None:
    """Within 1e-6 of the largest; a length other than that of x cuts it or adds zeros."""
    x = np.random.default_rng(1).normal(size=(2, 10, 3, 2)).astype(np.float32)
    made = one("DFT", [x, np.int64(length)], None, (1,), 17, axis=1)
    (got,) = run(graph_of(made), x)
    signal = x[..., 0].astype(np.float64) + 1j * x[..., 1]
    want = np.fft.fft(signal, n=length, axis=1)
    assert np.abs(got[..., 0] + 1j * got[..., 1] - want).max() < 1e-6 * np.abs(want).max()


def test_inverse_transforms_to_complex_numbers_are_refused() -> None:
    x = np.ones((2, 10, 3, 2), np.float32)
    with pytest.raises(UserError, match="inverse transform to complex numbers"):
        graph_of(one("DFT", [x, np.int64(10)], None, (1,), 17, axis=1, inverse=1))


def test_stft_of_frames_that_do_not_touch() -> None:
    x = np.random.default_rng(2).normal(size=(1, 30, 1)).astype(np.float32)
    window = np.hanning(8).astype(np.float32)
    made = one("STFT", [x, np.int64(11), window], None, (1, 2), 17, onesided=1)
    (got,) = run(graph_of(made), x)
    frames = np.stack([x[0, i : i + 8, 0] * window for i in (0, 11, 22)]).astype(np.float64)
    want = np.fft.rfft(frames)
    assert got.shape == (1, 3, 5, 2)
    np.testing.assert_allclose(got[0, ..., 0] + 1j * got[0, ..., 1], want, atol=1e-6)


def hamming(count: int) -> np.ndarray:
    """With 25 / 46, where numpy has 0.54."""
    return np.asarray(25 / 46 - 21 / 46 * np.cos(2 * np.pi * np.arange(count) / (count - 1)))


@pytest.mark.parametrize(
    ("kind", "window"),
    [("HannWindow", np.hanning), ("HammingWindow", hamming), ("BlackmanWindow", np.blackman)],
)
def test_windows(kind: str, window: Callable[[int], np.ndarray]) -> None:
    nodes = [
        make(kind, ["n"], ["w"], periodic=0), make(kind, ["n"], ["v"]),
        make("Mul", ["x", "w"], ["y"]), make("Mul", ["x", "v"], ["z"]),
    ]  # fmt: skip
    ends = [info("y", [12]), info("z", [12])]
    made = model(nodes, [info("x", [12])], ends, {"n": np.int64(12)})
    y, z = run(graph_of(made), np.ones(12, np.float32))
    np.testing.assert_allclose(y, window(12), atol=1e-6)
    np.testing.assert_allclose(z, window(13)[:-1], atol=1e-6)


def test_global_lp_pool() -> None:
    x = np.random.default_rng(4).normal(size=(1, 2, 3, 4)).astype(np.float32)
    for p in (1, 2, 3):
        (got,) = run(graph_of(one("GlobalLpPool", [x], None, p=p)), x)
        want = (np.abs(x.astype(np.float64)) ** p).sum((2, 3), keepdims=True) ** (1 / p)
        np.testing.assert_allclose(got, want, rtol=1e-6)


def loop(turns: int, *, stop: bool = False) -> Any:
    """y and all of its values: y + turn, turn by turn; ``stop``: as long as turn < 2."""
    nodes = [
        make("Cast", ["i"], ["f"], to=onnx.TensorProto.FLOAT), make("Add", ["v", "f"], ["w"]),
        make("Identity", ["w"], ["each"]),
        make("Less", ["i", "two"], ["go"]) if stop else make("Identity", ["c"], ["go"]),
    ]  # fmt: skip
    body = helper.make_graph(
        nodes, "body", [info("i", [], "int64"), info("c", [], "bool"), info("v", [2])],
        [info("go", [], "bool"), info("w", [2]), info("each", [2])],
    )  # fmt: skip
    node = make("Loop", ["n", "", "x"], ["y", "all"], body=body)
    ends = [info("y", [2]), info("all", [None, 2])]
    return model([node], [info("x", [2])], ends, {"n": np.int64(turns), "two": np.int64(2)})


@pytest.mark.parametrize(("turns", "stop", "made"), [(4, False, 4), (9, True, 3), (1, True, 1)])
def test_loop(turns: int, stop: bool, made: int) -> None:
    x = np.float32([1, -2])
    y, every = run(graph_of(loop(turns, stop=stop)), x)
    want = x + np.cumsum(np.arange(made))[:, None]
    np.testing.assert_array_equal(every, want.astype(np.float32))
    np.testing.assert_array_equal(y, want[-1].astype(np.float32))


@pytest.mark.parametrize("turns", [0, 100_000, 2**62])
def test_loops_of_too_many_turns_or_none_are_refused(turns: int) -> None:
    with pytest.raises(UserError, match="Loop"):
        graph_of(loop(turns))


def test_loops_within_loops_have_a_bound() -> None:
    """Each of three has few nodes and 200 turns; together they are 8 million."""
    inner = None
    for k in range(3):
        start = [info(f"i{k}", [], "int64"), info(f"c{k}", [], "bool"), info(f"v{k}", [2])]
        step = make("Neg", [f"v{k}"], [f"w{k}"])
        if inner is not None:
            step = make("Loop", ["n", "", f"v{k}"], [f"w{k}"], body=inner)
        nodes = [make("Identity", [f"c{k}"], [f"go{k}"]), step]
        ends = [info(f"go{k}", [], "bool"), info(f"w{k}", [2])]
        inner = helper.make_graph(nodes, f"body{k}", start, ends)
    node = make("Loop", ["n", "", "x"], ["y"], body=inner)
    made = model([node], [info("x", [2])], [info("y", [2])], {"n": np.int64(200)})
    with pytest.raises(UserError) as e:
        graph_of(made)
    assert e.value.code == "import.onnx.limit"


def test_sequences() -> None:
    """Three parts, one taken out, one put in, and two ways to join what is left."""
    x = np.arange(12, dtype=np.float32).reshape(6, 2)
    nodes = [
        make("SplitToSequence", ["x", "two"], ["s"], axis=0),
        make("SequenceErase", ["s", "one"], ["t"]),
        make("SequenceAt", ["s", "last"], ["a"]),
        make("SequenceInsert", ["t", "a", "zero"], ["u"]),
        make("ConcatFromSequence", ["u"], ["y"], axis=1, new_axis=0),
        make("ConcatFromSequence", ["u"], ["z"], axis=0, new_axis=1),
        make("SequenceLength", ["u"], ["n"]),
    ]
    held = {"two": 2, "one": 1, "last": -1, "zero": 0}
    ends = [info("y", None), info("z", None), info("n", [], "int64")]
    made = model(nodes, [info("x", [6, 2])], ends, {k: np.int64(v) for k, v in held.items()})
    y, z, n = run(graph_of(made), x)
    parts = [x[4:], x[:2], x[4:]]
    np.testing.assert_array_equal(y, np.concatenate(parts, 1))
    np.testing.assert_array_equal(z, np.stack(parts))
    assert n == 3


def test_a_sequence_as_a_result_is_refused() -> None:
    nodes = [make("SequenceConstruct", ["x", "x"], ["s"]), make("Identity", ["s"], ["y"])]
    with pytest.raises(UserError, match="sequence"):
        graph_of(model(nodes, [info("x", [2])], [info("y", None)]))


@pytest.mark.parametrize(
    ("kind", "shapes", "attributes"),
    [
        ("GridSample", [(1, 1, 4, 4), (1, 2, 2, 3)], {}),
        ("GridSample", [(1, 1, 4, 4), (1, 2, 2, 2)], {"mode": "mean"}),
        ("LpPool", [(1, 1, 4)], {"kernel_shape": [2], "p": 0}),
        ("MaxPool", [(1, 1, 4)], {"kernel_shape": [2], "pads": [1, 2**40]}),
        ("DeformConv", [(1, 2, 4, 4), (1, 2, 2, 2), (1, 6, 3, 3)], {}),
        ("RotaryEmbedding", [(1, 2, 3, 4), (3, 2), (3, 2)], {"num_heads": 5}),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    kind: str, shapes: list[tuple[int, ...]], attributes: dict[str, Any]
) -> None:
    arrays = [np.ones(s, np.float32) for s in shapes]
    with pytest.raises(UserError, match=kind) as e:
        graph_of(one(kind, arrays, None, (), 23, **attributes))
    assert e.value.code.startswith("import.onnx.")


def test_a_function_is_one_stage() -> None:
    q = np.random.default_rng(6).normal(size=(3, 1, 2, 4, 8)).astype(np.float32)
    graph = graph_of(one("Attention", list(q), None, (), 23))
    assert {n.stage for n in graph.nodes} == {"attention_0"}
    (got,) = run(graph, *q)
    scores = np.exp(q[0] @ q[1].swapaxes(-1, -2) / np.sqrt(8))
    want = scores / scores.sum(-1, keepdims=True) @ q[2]
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_an_operand_that_a_function_needs_is_named_by_the_call() -> None:
    node = make("CenterCropPad", ["x", "shape"], ["y"])
    made = model([node], [info("x", [4, 4]), info("shape", [2], "int64")], [info("y", None)])
    with pytest.raises(UserError) as e:
        graph_of(made)
    assert e.value.code == "import.onnx.constant" and "'shape'" in e.value.hint
