"""Layers of torch.nn, one small module each: what torch computes, in evaluation mode."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from tinsmith.core.errors import UserError  # noqa: E402
from tinsmith.importers import IMPORTERS  # noqa: E402
from tinsmith.ir.interp import Interpreter  # noqa: E402
from tinsmith.ir.rules import verify  # noqa: E402

nn, F = torch.nn, torch.nn.functional
PICTURE, SERIES, ROW, VOLUME = (1, 4, 9, 8), (1, 6, 4), (1, 12), (1, 2, 4, 6, 5)


class Call(nn.Module):
    def __init__(self, function: Callable[..., Any], *layers: Any) -> None:
        super().__init__()
        self.function = function
        self.layers = nn.ModuleList(layers)

    def forward(self, *x):
        return self.function(*x, *self.layers)


def drawn(shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> np.ndarray:
    if dtype == "float32":
        return rng.normal(size=shape).astype(np.float32)
    return rng.integers(0, 2 if dtype == "bool" else 9, shape).astype(dtype)


def agree(module: Any, inputs: Sequence[np.ndarray]) -> None:
    """The graph computes what torch computes, in its types; whole numbers exactly."""
    with torch.no_grad():
        wanted = module.eval()(*(torch.from_numpy(x.copy()) for x in inputs))
    flat = [w for w in torch.utils._pytree.tree_leaves(wanted) if w is not None]
    graph = IMPORTERS.get("torch").load(module, inputs, "net")
    verify(graph)
    values = Interpreter(graph).run(dict(zip(graph.inputs, inputs, strict=True)))
    assert len(flat) == len(graph.outputs)
    for name, tensor in zip(graph.outputs, flat, strict=True):
        want, got = tensor.numpy(), values[name]
        assert (got.shape, got.dtype) == (want.shape, want.dtype)
        if want.dtype.kind == "f":
            assert np.array_equal(np.isnan(want), np.isnan(got))
            want, got = np.nan_to_num(want), np.nan_to_num(got)
            assert np.abs(got - want).max() <= 1e-5 * max(1e-2, np.abs(want).max())
        else:
            assert np.array_equal(got, want)


Case = tuple[Callable[[], Any], tuple[tuple[int, ...], ...], Callable[..., Any]]


def case(
    make: Callable[[], Any], *shapes: tuple[int, ...],
    call: Callable[..., Any] = lambda *a: a[-1](*a[:-1]),
) -> Case:  # fmt: skip
    return make, shapes, call


def attention(**options: Any) -> Any:
    return nn.MultiheadAttention(4, 2, batch_first=True, **options)


def encoder(**options: Any) -> Any:
    return nn.TransformerEncoderLayer(4, 2, 8, batch_first=True, **options)


CASES: dict[str, Case] = {
    "attention_weights": case(attention, SERIES, call=lambda x, inner: inner(x, x, x)),
    "attention_other_keys": case(
        lambda: attention(kdim=3, vdim=5), SERIES, (1, 7, 3), (1, 7, 5),
        call=lambda x, k, v, inner: inner(x, k, v),
    ),
    "attention_biases": case(
        lambda: attention(add_bias_kv=True, add_zero_attn=True), SERIES,
        call=lambda x, inner: inner(x, x, x)[0],
    ),
    "attention_causal": case(
        attention, SERIES,
        call=lambda x, inner: inner(
            x, x, x, need_weights=False, attn_mask=torch.ones(6, 6).triu(1).bool()
        )[0],
    ),
    "attention_computed_mask": case(
        attention, SERIES,
        call=lambda x, inner: inner(x, x, x, key_padding_mask=x[:, :, 0] > 0.9)[0],
    ),
    "encoder": case(encoder, SERIES),
    "encoder_norm_first": case(lambda: encoder(norm_first=True, activation="gelu"), SERIES),
    "encoder_causal": case(
        lambda: nn.TransformerEncoder(encoder(), 2), SERIES,
        call=lambda x, inner: inner(
            x, mask=nn.Transformer.generate_square_subsequent_mask(6), is_causal=True
        ),
    ),
    "decoder": case(
        lambda: nn.TransformerDecoderLayer(4, 2, 8, batch_first=True), SERIES, (1, 3, 4)
    ),
    "transformer": case(
        lambda: nn.Transformer(4, 2, 1, 1, 8, batch_first=True), SERIES, (1, 3, 4)
    ),
    "instance_norm": case(lambda: nn.InstanceNorm2d(4, affine=True), PICTURE),
    "instance_norm_tracked": case(
        lambda: nn.InstanceNorm1d(6, affine=True, track_running_stats=True), SERIES
    ),
    "batch_norm_of_itself": case(lambda: nn.BatchNorm2d(4, track_running_stats=False), PICTURE),
    "rms_norm": case(lambda: nn.RMSNorm(4), SERIES),
    "rms_norm_two_axes": case(
        lambda: nn.RMSNorm((6, 4), eps=1e-3, elementwise_affine=False), SERIES
    ),
    "local_response": case(lambda: nn.LocalResponseNorm(3, alpha=0.1), PICTURE),
    "adaptive_max_1d": case(lambda: nn.AdaptiveMaxPool1d(3), SERIES),
    "adaptive_max_2d": case(lambda: nn.AdaptiveMaxPool2d((4, 3)), PICTURE),
    "adaptive_max_3d": case(lambda: nn.AdaptiveMaxPool3d(2), VOLUME),
    "adaptive_avg_uneven": case(lambda: nn.AdaptiveAvgPool2d((4, 3)), PICTURE),
    "adaptive_avg_3d": case(lambda: nn.AdaptiveAvgPool3d((2, 3, 2)), VOLUME),
    "avg_divisor": case(lambda: nn.AvgPool2d(2, divisor_override=3), PICTURE),
    "lp_pool": case(lambda: nn.LPPool2d(3, 2), PICTURE),
    "fold": case(lambda: nn.Fold((5, 6), (3, 2), padding=1, stride=2), (1, 12, 12)),
    "unfold": case(lambda: nn.Unfold((2, 3), padding=1, stride=2), PICTURE),
    "bicubic": case(lambda: nn.Upsample(scale_factor=1.7, mode="bicubic"), PICTURE),
    "bicubic_corners": case(
        lambda: nn.Upsample(size=(5, 11), mode="bicubic", align_corners=True), PICTURE
    ),
    "linear": case(lambda: nn.Upsample(scale_factor=2, mode="linear"), SERIES),
    "trilinear": case(lambda: nn.Upsample(scale_factor=2, mode="trilinear"), VOLUME),
    "nearest_by_a_factor": case(lambda: nn.Upsample(scale_factor=1.7), SERIES),
    "nearest_3d": case(lambda: nn.Upsample(scale_factor=2), VOLUME),
    "bilinear_by_a_factor": case(lambda: nn.Upsample(scale_factor=1.3, mode="bilinear"), PICTURE),
    "pixel_unshuffle": case(lambda: nn.PixelUnshuffle(2), (1, 3, 4, 6)),
    "channel_shuffle": case(lambda: nn.ChannelShuffle(2), PICTURE),
    "reflection": case(lambda: nn.ReflectionPad2d((1, 2, 0, 3)), PICTURE),
    "circular": case(lambda: nn.CircularPad2d(2), PICTURE),
    "replication": case(lambda: nn.ReplicationPad3d(1), VOLUME),
    "conv_of_reflections": case(
        lambda: nn.Conv2d(4, 3, 3, padding=1, padding_mode="reflect"), PICTURE
    ),
    **{
        name.lower(): case(getattr(nn, name), SERIES)
        for name in ("Softshrink", "Hardshrink", "Tanhshrink", "Softmin", "RReLU", "GLU",
                     "AlphaDropout", "Dropout1d")
    },
    "softmax_2d": case(nn.Softmax2d, PICTURE),
    "threshold": case(lambda: nn.Threshold(0.1, 2.0), SERIES),
    "softplus_beta": case(lambda: nn.Softplus(2, 3), SERIES),
    "celu_alpha": case(lambda: nn.CELU(0.7), SERIES),
    "cosine": case(lambda: nn.CosineSimilarity(1), SERIES, SERIES),
    "distance": case(lambda: nn.PairwiseDistance(1, keepdim=True), SERIES, SERIES),
    "bilinear_form": case(lambda: nn.Bilinear(12, 5, 3), ROW, (1, 5)),
    "rnn_cell": case(lambda: nn.RNNCell(12, 5, nonlinearity="relu"), ROW),
    "lstm_cell": case(
        lambda: nn.LSTMCell(12, 5), ROW, (1, 5), (1, 5), call=lambda x, h, c, i: i(x, (h, c))
    ),
    "gru_cell": case(lambda: nn.GRUCell(12, 5), ROW, (1, 5)),
    "weight_norm": case(lambda: nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)), SERIES),
    "spectral_norm": case(
        lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3)), SERIES
    ),
    "in_place": case(
        lambda: nn.Sequential(
            nn.ReLU6(True), nn.SiLU(True), nn.ELU(inplace=True), nn.LeakyReLU(inplace=True),
            nn.Hardswish(True), nn.Hardtanh(inplace=True), nn.SELU(True), nn.CELU(0.5, True),
            nn.Threshold(0.1, 2.0, True), nn.Dropout(inplace=True),
        ),
        SERIES,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_layer_computes_what_torch_computes(name: str, rng: np.random.Generator) -> None:
    torch.manual_seed(1)
    make, shapes, call = CASES[name]
    made = make()
    for key, value in made.state_dict().items():
        if "running_var" in key:
            value.uniform_(0.5, 2)
        elif value.is_floating_point() and "num" not in key and "original" not in key:
            value.normal_(0, 0.4)
    agree(Call(call, made), [drawn(s, "float32", rng) for s in shapes])


@pytest.mark.parametrize(
    "made", [lambda: nn.Embedding(10, 4), lambda: nn.EmbeddingBag(10, 4, mode="max")]
)
def test_tables_take_whole_numbers(made: Callable[[], Any], rng: np.random.Generator) -> None:
    agree(Call(lambda x, inner: inner(x), made()), [drawn((1, 5), "int64", rng)])


@pytest.mark.parametrize(
    ("made", "shape", "named"),
    [
        (lambda: nn.LSTM(4, 5, proj_size=3, batch_first=True), SERIES, "aten.lstm.input.*proj"),
        (lambda: nn.MaxPool2d(2, return_indices=True), PICTURE, "max_pool2d_with_indices"),
        (lambda: nn.FractionalMaxPool2d(2, output_size=3), PICTURE, "fractional_max_pool2d"),
        (lambda: nn.CrossMapLRN2d(3), PICTURE, "aten.resize_as_"),
    ],
)
def test_layers_that_cannot_be_expressed_are_named(
    made: Callable[[], Any], shape: tuple[int, ...], named: str, rng: np.random.Generator
) -> None:
    with pytest.raises(UserError, match=named) as e:
        agree(Call(lambda x, inner: inner(x), made()), [drawn(shape, "float32", rng)])
    assert e.value.code == "import.torch.op"


def changed(x: Any) -> Any:
    y = x.clone()
    y[:, 1] = 2.0
    y[:, 2:, 0] += x[:, 2:, 1]
    return y.relu_() + y


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "products": lambda x: (
        torch.einsum("bij,bkj->bik", x, x), torch.tensordot(x, x, ([1], [1])), x[0] @ x[0, 1],
        torch.baddbmm(x @ x.mT, x, x.mT, alpha=0.5, beta=2), torch.outer(x[0, 0], x[0, 1]),
        F.linear(x, x[0]),
    ),
    "attention": lambda x: (
        F.scaled_dot_product_attention(x, x, x, is_causal=True, scale=0.3),
        F.scaled_dot_product_attention(
            x.reshape(1, 4, 3, 2), x[:, :3].reshape(1, 2, 3, 2), x[:, 3:].reshape(1, 2, 3, 2),
            enable_gqa=True,
        ),
        F.scaled_dot_product_attention(x, x, x, attn_mask=torch.arange(6) > 6),
        (x @ x.mT).masked_fill(torch.ones(6, 6).tril() == 0, -torch.inf).softmax(-1),
    ),
    "picked": lambda x: (
        x.index_select(1, torch.tensor([3, 1, 1])), x[:, torch.tensor([0, 2])],
        x.gather(2, torch.tensor([[[3, 1], [0, 0]]])),
        x[:, torch.tensor([0, 2]), torch.tensor([1, 3])],
        x.gather(2, x.argsort(2)), x[:, x[0, :, 0].argmax()[None]],
    ),
    "ordered": lambda x: (
        x.topk(2), x.topk(3, 1, largest=False), x.sort(1, descending=True), x.argsort(1),
        x.median(1), x.median(), x.kthvalue(2, 1), torch.msort(x), x.quantile(0.3, 1),
    ),
    "rolled": lambda x: (
        torch.roll(x, (1, -2), (1, 2)), torch.roll(x, 5), torch.rot90(x, 1, (1, 2)),
        x.tril(), x.triu(1), torch.diagonal(x, 0, 1, 2), torch.diag_embed(x), x.unfold(1, 3, 2),
        x.movedim(1, 2), x.repeat_interleave(2, 1), x.tile(1, 2, 1), x.narrow(1, 1, 3),
        x.tensor_split(4, 1), x.split([1, 3], -1), torch.hstack([x, x]), x.ravel(),
    ),
    "spread": lambda x: (
        x.var(), x.var(1), x.var((1, 2), keepdim=True, unbiased=False), x.std(1),
        torch.var_mean(x, 1), torch.std_mean(x, 2, correction=0),
    ),
    "norms": lambda x: (
        x.norm(), x.norm(p=1, dim=2, keepdim=True), x.norm(p=0, dim=1),
        torch.linalg.vector_norm(x, 3, dim=2), x.norm(p=torch.inf, dim=1), F.normalize(x, dim=2),
        torch.linalg.matrix_norm(x),
    ),
    "truths": lambda x: (
        (x > 0).any(), (x > 0).all(2, keepdim=True), (x > 0).sum(1), ~(x > 1), torch.isnan(x),
        torch.isinf(x / (x > 0)), torch.where(x > 0, 1.0, x), torch.where(x > 0, 1.0, 0.0),
        F.one_hot(x.argmax(2), 4), torch.aminmax(x, dim=1),
    ),
    "elements": lambda x: (
        x.abs().log2() + x.exp2() + x.atan() + x.asinh() + x.frac() + x.sinc(),
        torch.lerp(x, x * 2, 0.3), torch.addcmul(x, x, x, value=0.5), torch.logaddexp(x, -x),
        x.clamp(torch.zeros(4), torch.ones(4)), torch.clamp(x, min=x.mean()), x.nan_to_num(),
        torch.sgn(x), torch.xlogy(x, x.abs() + 1), torch.div(x, 0.3, rounding_mode="trunc"),
    ),
    "made": lambda x: (
        x + torch.arange(4) + torch.linspace(0, 1, 4) + torch.eye(4)[0], x * torch.tensor(2.0),
        x.new_zeros(1, 4) + x.new_full((4,), 2.0) + x,
    ),
    "changed": changed,
    "results": lambda x: {"a": x, "b": [x * 2, x], "c": None},
    "areas": lambda x: (
        F.interpolate(x, size=3, mode="area"), F.interpolate(x, size=7, mode="nearest-exact")
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_computes_what_torch_computes(name: str, rng: np.random.Generator) -> None:
    agree(Call(FUNCTIONS[name]), [drawn(SERIES, "float32", rng)])


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64"])
def test_whole_numbers_have_the_types_of_torch(dtype: str, rng: np.random.Generator) -> None:
    def function(x: Any) -> Any:
        return (
            x * 2 - 1, x // 3, x % 3, x / 2, x.float().mean(), x.sum(), x.max(), x.cumsum(1),
            x + x.to(torch.int8), x + torch.tensor(7, dtype=torch.int64), x == 3, x * 0.5, x.all(),
            x + torch.arange(4, dtype=torch.int32), x.masked_fill(x > 2, 1), x.clamp(1, 3),
        )  # fmt: skip

    agree(Call(function), [drawn((1, 4), dtype, rng)])


@pytest.mark.parametrize("result", [torch.ones(3), 3])
def test_a_result_that_is_no_computed_tensor_is_refused(
    result: Any, rng: np.random.Generator
) -> None:
    with pytest.raises(UserError) as e:
        agree(Call(lambda x: (x + 1, result)), [drawn(ROW, "float32", rng)])
    assert e.value.code in ("import.torch.output", "import.torch.export")


def test_a_type_that_there_is_not_is_refused() -> None:
    with pytest.raises(UserError) as e:
        IMPORTERS.get("torch").load(nn.ReLU(), [np.zeros((1, 2))], "net")
    assert e.value.code == "import.torch.type"


def test_the_support_table_lists_operations_that_torch_has() -> None:
    rows = IMPORTERS.get("torch").support()
    for row in rows:
        _, packet, overload = row.operator.split(".")
        assert getattr(getattr(torch.ops.aten, packet), overload)
    types = {row.operator: row.types for row in rows}
    assert types["aten.bitwise_and.Tensor"] == ("bool",)
    assert types["aten.gelu.default"] == ("float32",)
    assert {"bool", "uint8", "float32"} <= set(types["aten.permute.default"])


def claimed(dtype: str, x: Any) -> list[Any]:
    """Operations that the support table says take a type, that need only tensors, and that torch
    itself applies to this one."""
    found = []
    for row in IMPORTERS.get("torch").support():
        _, packet, overload = row.operator.split(".")
        target = getattr(getattr(torch.ops.aten, packet), overload)
        needed = [a for a in target._schema.arguments if not a.has_default_value()]
        apart = packet in ("zeros_like", "ones_like", "_assert_tensor_metadata", "one_hot", "where")
        if dtype not in row.types or apart or any(str(a.type) != "Tensor" for a in needed):
            continue
        try:
            target(*[x] * len(needed))
        except (RuntimeError, IndexError, NotImplementedError):
            continue
        found.append((target, len(needed)))
    return found


@pytest.mark.parametrize("dtype", ["float32", "int64", "int32", "int16", "int8", "uint8", "bool"])
def test_operations_take_the_types_that_the_support_table_says(dtype: str) -> None:
    x = np.array([[3, 1, 4, 2]]).astype(dtype)
    targets = claimed(dtype, torch.from_numpy(x))
    assert len(targets) >= 25
    agree(Call(lambda x: [target(*[x] * count) for target, count in targets]), [x])
