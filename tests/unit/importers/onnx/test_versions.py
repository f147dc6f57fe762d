"""Operators whose meaning changed from version to version: the interpreter gives what ONNX Runtime
gives for each."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from onnx import helper
from onnxes import info, model

from tinsmith.importers.onnx.convert import from_bytes
from tinsmith.ir.interp import run_cases

RNG = np.random.default_rng(5)
X = RNG.normal(size=(1, 4, 6, 5)).astype(np.float32)
Held = Mapping[str, np.ndarray]
INT = np.int64
ALIGN = "coordinate_transformation_mode"


def node(kind: str, *operands: str, outputs: int = 1, **attributes: Any) -> Any:
    names = [f"y{i}" for i in range(outputs)]
    return helper.make_node(kind, ["x", *operands], names, **attributes)


CASES: dict[str, tuple[int, Any, Held]] = {
    "clip_6": (7, node("Clip", min=-0.5, max=0.25), {}),
    "clip_6_low": (10, node("Clip", min=-0.5), {}),
    "clip_11": (12, node("Clip", "a", "b"), {"a": np.float32(-1), "b": np.float32(0.5)}),
    "clip_13_high": (13, node("Clip", "", "b"), {"b": np.float32(0.5)}),
    "softmax_1": (12, node("Softmax", axis=2), {}),
    "softmax_1_default": (9, node("Softmax"), {}),
    "softmax_13": (13, node("Softmax", axis=1), {}),
    "log_softmax_1": (11, node("LogSoftmax", axis=1), {}),
    "unsqueeze_1": (12, node("Unsqueeze", axes=[0, 3]), {}),
    "unsqueeze_13": (13, node("Unsqueeze", "a"), {"a": INT([-1, 1])}),
    "squeeze_1": (11, node("Squeeze", axes=[0]), {}),
    "squeeze_13": (15, node("Squeeze"), {}),
    "reduce_sum_1": (12, node("ReduceSum", axes=[1, -1], keepdims=0), {}),
    "reduce_sum_13": (13, node("ReduceSum", "a", keepdims=0), {"a": INT([2])}),
    "reduce_sum_13_none": (13, node("ReduceSum", noop_with_empty_axes=1), {}),
    "reduce_mean_13": (13, node("ReduceMean", axes=[2, 3]), {}),
    "reduce_mean_18": (18, node("ReduceMean", "a"), {"a": INT([1, 3])}),
    "reduce_log_sum_exp_18": (18, node("ReduceLogSumExp", "a"), {"a": INT([1, 2])}),
    "reduce_max_18": (18, node("ReduceMax"), {}),
    "pad_2": (10, node("Pad", pads=[0, 0, 1, 2, 0, 0, 0, 1], value=1.5), {}),
    "pad_2_reflect": (7, node("Pad", pads=[0, 0, 1, 2, 0, 0, 0, 1], mode="reflect"), {}),
    "pad_11": (11, node("Pad", "p"), {"p": INT([0, 0, 0, 2, 0, 1, 0, 0])}),
    "pad_18_axes": (
        18, node("Pad", "p", "v", "a"),
        {"p": INT([1, 2]), "v": np.float32(3), "a": INT([-1])},
    ),
    "slice_1": (9, node("Slice", starts=[1, 0], ends=[100, -2], axes=[1, 3]), {}),
    "slice_10": (
        10, node("Slice", "a", "b", "c", "d"),
        {"a": INT([-1]), "b": INT([-100]), "c": INT([2]), "d": INT([-2])},
    ),
    "split_2": (12, node("Split", outputs=2, axis=1, split=[1, 3]), {}),
    "split_2_equal": (7, node("Split", outputs=3, axis=2), {}),
    "split_13": (13, node("Split", "a", outputs=2, axis=2), {"a": INT([2, 4])}),
    "split_18": (18, node("Split", outputs=3, axis=3, num_outputs=3), {}),
    "upsample_7": (7, node("Upsample", scales=[1.0, 1.0, 2.0, 3.0]), {}),
    "upsample_9_linear": (
        9, node("Upsample", "s", mode="linear"), {"s": np.float32([1, 1, 2, 1.5])}
    ),
    "resize_10": (10, node("Resize", "s"), {"s": np.float32([1, 1, 0.5, 1.7])}),
    "resize_10_linear": (10, node("Resize", "s", mode="linear"), {"s": np.float32([1, 1, 2, 2])}),
    "resize_11_cubic": (
        11, node("Resize", "r", "s", mode="cubic"),
        {"r": np.float32([]), "s": np.float32([1, 1, 1.5, 2])},
    ),
    "resize_13_sizes": (
        13, node("Resize", "", "", "s", mode="linear", **{ALIGN: "align_corners"}),
        {"s": INT([1, 4, 9, 3])},
    ),
    "resize_18_antialias": (
        18, node("Resize", "", "s", mode="linear", antialias=1), {"s": np.float32([1, 1, 0.5, 0.6])}
    ),
    "batch_norm_7": (
        7, node("BatchNormalization", "s", "b", "m", "v", epsilon=1e-3),
        {k: RNG.uniform(0.5, 2, 4).astype(np.float32) for k in "sbmv"},
    ),
    "batch_norm_15": (
        15, node("BatchNormalization", "s", "b", "m", "v"),
        {k: RNG.uniform(0.5, 2, 4).astype(np.float32) for k in "sbmv"},
    ),
    "dropout_7": (7, node("Dropout", ratio=0.3), {}),
    "dropout_13": (13, node("Dropout", "r"), {"r": np.float32(0.5)}),
    "topk_1": (9, node("TopK", outputs=2, k=2, axis=1), {}),
    "topk_10": (10, node("TopK", "k", outputs=2, axis=2), {"k": INT([3])}),
    "topk_11_smallest": (11, node("TopK", "k", outputs=2, largest=0), {"k": INT([2])}),
    "gelu_20": (20, node("Gelu", approximate="tanh"), {}),
    "layer_norm_17": (
        17, node("LayerNormalization", "s", "b", axis=2),
        {k: RNG.uniform(0.5, 2, (6, 5)).astype(np.float32) for k in "sb"},
    ),
    "cumsum_11": (11, node("CumSum", "a", reverse=1, exclusive=1), {"a": np.int32(2)}),
    "depth_to_space": (11, node("DepthToSpace", blocksize=2, mode="CRD"), {}),
    "average_pool_10": (
        10, node("AveragePool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1), {}
    ),
    "average_pool_19_dilated": (19, node("AveragePool", kernel_shape=[2, 2], dilations=[2, 2]), {}),
    "max_pool_1_same": (
        7, node("MaxPool", kernel_shape=[3, 2], strides=[2, 2], auto_pad="SAME_LOWER"), {}
    ),
    "max_pool_12_indices": (12, node("MaxPool", kernel_shape=[2, 2], outputs=2), {}),
    "conv_transpose_11": (
        11, node("ConvTranspose", "w", strides=[2, 2], output_padding=[1, 0], pads=[1, 0, 0, 1]),
        {"w": RNG.normal(size=(4, 3, 3, 2)).astype(np.float32)},
    ),
    "scatter_nd_16": (
        16, node("ScatterND", "i", "u", reduction="add"),
        {"i": INT([[0, 1], [0, 1]]), "u": np.ones((2, 6, 5), np.float32)},
    ),
}  # fmt: skip


def reference(data: bytes) -> list[np.ndarray]:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return [np.asarray(y) for y in session.run(None, {"x": X})]


@pytest.mark.parametrize("name", CASES)
def test_each_version_means_what_it_says(name: str) -> None:
    version, made, held = CASES[name]
    outputs = [info(o, None, "float32") for o in made.output]
    if made.op_type in ("TopK", "MaxPool") and len(outputs) > 1:
        outputs[1] = info(made.output[1], None, "int64")
    data = model([made], [info("x", X.shape)], outputs, held, version).SerializeToString()
    graph = from_bytes(data, "m")
    values = run_cases(graph, {graph.inputs[0]: X[None]})
    for output, want in zip(graph.outputs, reference(data), strict=True):
        got = values[output][0] if output in values else graph.constants[output]
        assert got.shape == want.shape and got.dtype == want.dtype
        if want.dtype.kind == "f":
            assert np.abs(got - want).max() <= 1e-5 * np.abs(want).max()
        else:
            np.testing.assert_array_equal(got, want)
