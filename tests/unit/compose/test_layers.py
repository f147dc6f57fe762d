"""Layers as importers compose them, against PyTorch's and numpy's own."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from tinsmith.compose import layers
from tinsmith.compose.layers import ConvSpec, PoolSpec
from tinsmith.ir.builder import Builder
from tinsmith.ir.interp import Interpreter
from tinsmith.ir.op import ShapeError
from tinsmith.ir.types import Quant, type_of

CONV: dict[int, Callable[..., torch.Tensor]] = {
    1: functional.conv1d,
    2: functional.conv2d,
    3: functional.conv3d,
}
TURNED: dict[int, Callable[..., torch.Tensor]] = {
    1: functional.conv_transpose1d,
    2: functional.conv_transpose2d,
    3: functional.conv_transpose3d,
}
MAX: dict[int, Callable[..., torch.Tensor]] = {
    1: functional.max_pool1d,
    2: functional.max_pool2d,
    3: functional.max_pool3d,
}
AVG: dict[int, Callable[..., torch.Tensor]] = {
    1: functional.avg_pool1d,
    2: functional.avg_pool2d,
    3: functional.avg_pool3d,
}


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(np.float32)


def run(compose: Callable[..., str], *arrays: np.ndarray) -> np.ndarray:
    """What the graph computes that ``compose(builder, *names)`` makes."""
    b = Builder("net")
    names = [b.input(f"in_{i}", type_of(a)) for i, a in enumerate(arrays)]
    y = compose(b, *names)
    graph = b.build([y])
    values = Interpreter(graph).run({f"in_{i}": a for i, a in enumerate(arrays)})
    return values[y]


def near(seen: np.ndarray, wanted: Any) -> None:
    wanted = np.asarray(wanted)
    assert seen.shape == wanted.shape
    scale = float(np.max(np.abs(wanted.astype(np.float64)), initial=1e-30))
    assert np.max(np.abs(seen.astype(np.float64) - wanted), initial=0) <= 2e-6 * scale


def last(x: np.ndarray) -> np.ndarray:
    """Channels behind the spatial axes."""
    return np.ascontiguousarray(np.moveaxis(x, 1, -1))


CONVS = [
    pytest.param((2, 3, 9), (4, 3, 3), {}, id="line"),
    pytest.param((1, 4, 9), (6, 2, 3), {"stride": 2, "padding": 1, "groups": 2}, id="line-groups"),
    pytest.param((2, 3, 6, 7), (4, 3, 3, 2), {"stride": (2, 1), "padding": (1, 0)}, id="picture"),
    pytest.param((1, 3, 6, 7), (6, 1, 3, 3), {"groups": 3, "dilation": (1, 2)}, id="depthwise"),
    pytest.param((1, 4, 6, 7), (6, 2, 2, 3), {"groups": 2}, id="groups"),
    pytest.param((2, 2, 5, 6, 4), (3, 2, 3, 2, 2), {}, id="volume"),
    pytest.param(
        (1, 4, 5, 6, 4),
        (6, 2, 2, 3, 1),
        {"stride": (2, 1, 2), "padding": (1, 1, 0), "dilation": (3, 1, 1), "groups": 2},
        id="volume-groups",
    ),
]


def spec_of(rank: int, options: dict[str, Any], **more: Any) -> ConvSpec:
    """Torch's options as ours."""

    def each(name: str, default: int) -> tuple[int, ...]:
        value = options.get(name, default)
        return value if isinstance(value, tuple) else (value,) * rank

    pads = tuple((p, p) for p in each("padding", 0))
    return ConvSpec(each("stride", 1), pads, each("dilation", 1), options.get("groups", 1), **more)


@pytest.mark.parametrize(("x", "w", "options"), CONVS)
def test_convolution(x: tuple[int, ...], w: tuple[int, ...], options: dict[str, Any]) -> None:
    a, k, bias, rank = draw(*x), draw(*w), draw(w[0]), len(x) - 2
    wanted = CONV[rank](*(torch.tensor(v) for v in (a, k, bias)), **options).numpy()
    spec = spec_of(rank, options)
    near(run(lambda b, x: layers.conv(b, x, k, bias, spec), a), wanted)
    near(run(lambda b, x, w: layers.conv(b, x, w, bias, spec), a, k), wanted)
    behind = spec_of(rank, options, layout="channels_last")
    near(run(lambda b, x: layers.conv(b, x, last(k), bias, behind), last(a)), last(wanted))
    keras = spec_of(rank, options, layout="channels_last", weights="*IO")
    turned = np.moveaxis(k, (0, 1), (-1, -2))
    near(run(lambda b, x: layers.conv(b, x, turned, bias, keras), last(a)), last(wanted))


def test_convolution_pads_each_side_by_itself() -> None:
    a, k = draw(1, 2, 5, 6), draw(3, 2, 3, 3)
    padded = functional.pad(torch.tensor(a), (2, 0, 0, 1))
    spec = ConvSpec(padding=((0, 1), (2, 0)))
    near(
        run(lambda b, x: layers.conv(b, x, k, None, spec), a),
        functional.conv2d(padded, torch.tensor(k)),
    )


def test_a_convolution_in_groups_of_one_channel_is_depthwise() -> None:
    b = Builder("net")
    x = b.input("x", type_of(draw(1, 4, 5, 5)))
    graph = b.build([b.renamed(layers.conv(b, x, draw(8, 1, 3, 3), None, ConvSpec(groups=4)), "y")])
    assert [n.op for n in graph.nodes] == ["strided", "depthwise_conv2d", "strided"]
    assert graph.nodes[-1].name == "y"


def test_channels_last_takes_one_node() -> None:
    b = Builder("net")
    x = b.input("x", type_of(draw(1, 5, 5, 2)))
    spec = ConvSpec(layout="channels_last")
    graph = b.build([b.renamed(layers.conv(b, x, draw(3, 2, 2, 2), None, spec), "y")])
    assert [(n.op, n.name) for n in graph.nodes] == [("conv2d", "y")]


@pytest.mark.parametrize(
    ("x", "w", "spec"),
    [
        ((1, 3, 5, 5), (4, 2, 3, 3), ConvSpec()),
        ((1, 3, 5, 5), (4, 3, 3), ConvSpec()),
        ((1, 3, 5, 5), (4, 3, 6, 3), ConvSpec()),
        ((1, 4, 5, 5), (3, 2, 3, 3), ConvSpec(groups=2)),
        ((1, 3, 5, 5), (4, 3, 3, 3), ConvSpec(stride=(1,))),
        ((1, 3, 5, 5), (4, 3, 3, 3), ConvSpec(padding=((1, 1),))),
        ((1, 3, 5, 5), (4, 3, 3, 3), ConvSpec(stride=(0, 1))),
        ((1, 3, 5, 5), (4, 3, 3, 3), ConvSpec(weights="OIX")),
        ((3, 5), (4, 3), ConvSpec()),
    ],
)
def test_convolutions_that_do_not_fit(
    x: tuple[int, ...], w: tuple[int, ...], spec: ConvSpec
) -> None:
    with pytest.raises(ShapeError):
        run(lambda b, v: layers.conv(b, v, draw(*w), None, spec), draw(*x))


def test_only_float32() -> None:
    with pytest.raises(ShapeError, match="expected float32"):
        run(
            lambda b, v: layers.conv(b, v, draw(1, 1, 1), None, ConvSpec()),
            np.zeros((1, 1, 3), np.int32),
        )


TURNS = [
    pytest.param((2, 3, 5), (3, 4, 3), {"stride": 2, "padding": 1}, id="line"),
    pytest.param((2, 3, 4, 5), (3, 2, 3, 3), {"stride": (2, 3)}, id="picture"),
    pytest.param(
        (1, 4, 4, 5),
        (4, 3, 2, 3),
        {"groups": 2, "stride": 2, "padding": (0, 1), "dilation": (2, 1), "output_padding": 1},
        id="groups",
    ),
    pytest.param((1, 2, 3, 4, 2), (2, 3, 2, 3, 2), {}, id="volume"),
    pytest.param(
        (2, 4, 3, 4, 2),
        (4, 3, 3, 3, 2),
        {"stride": (2, 2, 3), "padding": (1, 0, 1), "groups": 2, "output_padding": (1, 0, 2)},
        id="volume-groups",
    ),
    pytest.param(
        (1, 1, 3, 3, 3), (1, 1, 2, 2, 2), {"dilation": (2, 1, 1), "stride": 2}, id="volume-spread"
    ),
]


@pytest.mark.parametrize(("x", "w", "options"), TURNS)
def test_transposed_convolution(
    x: tuple[int, ...], w: tuple[int, ...], options: dict[str, Any]
) -> None:
    groups, rank = options.get("groups", 1), len(x) - 2
    a, k, bias = draw(*x), draw(*w), draw(w[1] * groups)
    wanted = TURNED[rank](*(torch.tensor(v) for v in (a, k, bias)), **options).numpy()
    more = options.get("output_padding", 0)
    more = more if isinstance(more, tuple) else (more,) * rank
    spec = spec_of(rank, options, output_padding=more)
    near(run(lambda b, x: layers.conv_transpose(b, x, k, bias, spec), a), wanted)
    near(run(lambda b, x, w: layers.conv_transpose(b, x, w, bias, spec), a, k), wanted)
    if groups == 1:
        keras = spec_of(rank, options, layout="channels_last", weights="*OI", output_padding=more)
        turned = np.moveaxis(k, (0, 1), (-1, -2))
        seen = run(lambda b, x: layers.conv_transpose(b, x, turned, bias, keras), last(a))
        near(seen, last(wanted))


def test_transposed_convolution_may_grow_behind() -> None:
    spec = ConvSpec(padding=((0, -2),))
    a, k = draw(1, 1, 3), draw(1, 1, 2)
    seen = run(lambda b, x: layers.conv_transpose(b, x, k, np.ones(1, np.float32), spec), a)
    assert seen.shape == (1, 1, 6) and (seen[0, 0, 4:] == 1).all()


POOLS = [
    pytest.param((2, 3, 9), {"kernel_size": 3}, id="line"),
    pytest.param((2, 3, 9), {"kernel_size": 4, "stride": 3, "padding": 2}, id="line-padded"),
    pytest.param((1, 2, 7, 8), {"kernel_size": (3, 2), "stride": (2, 2)}, id="picture"),
    pytest.param(
        (1, 2, 7, 8), {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}, id="ceil"
    ),
    pytest.param(
        (1, 1, 6, 6),
        {"kernel_size": (1, 2), "stride": (2, 3), "padding": (0, 1), "ceil_mode": True},
        id="ceil-starts-behind",
    ),
    pytest.param(
        (2, 2, 5, 6, 7),
        {"kernel_size": (3, 2, 3), "stride": (2, 2, 1), "padding": 1, "ceil_mode": True},
        id="volume",
    ),
]


def pool_spec(rank: int, options: dict[str, Any], **more: Any) -> PoolSpec:
    def each(name: str, default: Any) -> tuple[int, ...]:
        value = options.get(name, default)
        return value if isinstance(value, tuple) else (value,) * rank

    size = each("kernel_size", 1)
    pads = tuple((p, p) for p in each("padding", 0))
    dilation = each("dilation", 1)
    ceil = options.get("ceil_mode", False)
    return PoolSpec(size, each("stride", size), pads, dilation, ceil, **more)


@pytest.mark.parametrize(("x", "options"), POOLS)
def test_pooling(x: tuple[int, ...], options: dict[str, Any]) -> None:
    a, rank = draw(*x), len(x) - 2
    t = torch.tensor(a)
    wanted = MAX[rank](t, **options).numpy()
    seen = run(lambda b, x: layers.pool(b, "max", x, pool_spec(rank, options)), a)
    assert np.array_equal(seen, wanted)
    behind = pool_spec(rank, options, layout="channels_last")
    seen = run(lambda b, x: layers.pool(b, "max", x, behind), last(a))
    assert np.array_equal(seen, last(wanted))
    for counted in (False, True):
        spec = pool_spec(rank, options, count_include_pad=counted)
        wanted = AVG[rank](t, **options, count_include_pad=counted).numpy()
        near(run(lambda b, x, s=spec: layers.pool(b, "avg", x, s), a), wanted)


def test_pooling_spread_out() -> None:
    a = draw(1, 2, 9, 9)
    options = {"kernel_size": 3, "stride": (1, 2), "padding": 1, "dilation": (2, 3)}
    seen = run(lambda b, x: layers.pool(b, "max", x, pool_spec(2, options)), a)
    assert np.array_equal(seen, functional.max_pool2d(torch.tensor(a), **options).numpy())


def test_pooling_that_sees_nothing() -> None:
    with pytest.raises(ShapeError, match="border alone"):
        spec = PoolSpec((2, 2), padding=((2, 0), (0, 0)))
        run(lambda b, x: layers.pool(b, "max", x, spec), draw(1, 1, 4, 4))
    with pytest.raises(ShapeError, match="no window fits"):
        run(lambda b, x: layers.pool(b, "max", x, PoolSpec((9, 1))), draw(1, 1, 4, 4))
    with pytest.raises(ShapeError, match="unknown"):
        run(lambda b, x: layers.pool(b, "lp", x, PoolSpec((1, 1))), draw(1, 1, 4, 4))


PRODUCTS = [
    ((3, 4), (4, 5)),
    ((4,), (4,)),
    ((3, 4), (4,)),
    ((4,), (4, 5)),
    ((2, 3, 4), (4, 5)),
    ((2, 3, 4), (2, 4, 5)),
    ((3, 4), (2, 4, 5)),
    ((2, 1, 3, 4), (6, 4, 5)),
    ((2, 3, 4), (1, 4, 5)),
    ((4,), (2, 4, 5)),
    ((1, 1, 4), (2, 1, 4, 1)),
]


@pytest.mark.parametrize(("x", "y"), PRODUCTS)
def test_product_of_matrices(x: tuple[int, ...], y: tuple[int, ...]) -> None:
    p, q = draw(*x), draw(*y, seed=1)
    wanted = np.matmul(p.astype(np.float64), q)
    near(run(lambda b, x, y: layers.matmul(b, x, y), p, q), wanted)
    near(run(lambda b, x: layers.matmul(b, x, q), p), wanted)
    near(run(lambda b, y: layers.matmul(b, p, y), q), wanted)
    whole = [np.asarray(np.round(v * 1000), np.int32) for v in (p, q)]
    assert np.array_equal(run(lambda b, x, y: layers.matmul(b, x, y), *whole), np.matmul(*whole))


def test_a_constant_matrix_makes_a_dense_layer() -> None:
    b = Builder("net")
    x = b.input("x", type_of(draw(3, 4)))
    graph = b.build([b.renamed(layers.matmul(b, x, draw(4, 5)), "y")])
    assert [(n.op, n.name) for n in graph.nodes] == [("dense", "y")]


def test_products_that_do_not_fit() -> None:
    for x, y in (((3, 4), (5, 4)), ((2, 3, 4), (3, 4, 5)), ((), (3,))):
        with pytest.raises(ShapeError):
            run(lambda b, v, y=y: layers.matmul(b, v, draw(*y)), draw(*x))
    with pytest.raises(ShapeError):
        run(lambda b, v: layers.dense(b, v, draw(5, 3)), draw(2, 4))


def test_dense_of_any_rank() -> None:
    a, w, bias = draw(2, 3, 4), draw(5, 4), draw(5)
    near(run(lambda b, x: layers.dense(b, x, w, bias), a), a.astype(np.float64) @ w.T + bias)
    near(run(lambda b, x, w: layers.dense(b, x, w), a[0, 0], w), a[0, 0].astype(np.float64) @ w.T)


def test_padding_that_keeps_the_size() -> None:
    assert layers.same_padding((5, 6), (3, 3), (1, 2), (1, 1)) == ((1, 1), (0, 1))
    assert layers.same_padding((5, 6), (3, 3), (1, 2), (1, 1), lower=True) == ((1, 1), (1, 0))
    assert layers.same_padding((3,), (1,), (4,), (1,)) == ((0, 0),)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
def test_the_largest_of_plain_whole_numbers(dtype: str) -> None:
    info = np.iinfo(dtype)
    a = np.random.default_rng(1).integers(info.min, info.max, (1, 2, 5, 6)).astype(dtype)
    spec = PoolSpec((2, 2), (2, 2), ((1, 0), (0, 1)))
    seen = run(lambda b, x: layers.pool(b, "max", x, spec), a)
    t = functional.pad(torch.tensor(a.astype(np.float32)), (0, 1, 1, 0), value=-1e9)
    assert seen.dtype == a.dtype
    assert np.array_equal(seen, functional.max_pool2d(t, 2).numpy().astype(dtype))


def test_pooling_of_quantised_values() -> None:
    """The largest keeps its meaning; padding that counts is the integer that means 0."""
    a = np.random.default_rng(1).integers(0, 256, (1, 4, 4, 2)).astype(np.uint8)
    b = Builder("net", "quantised")
    x = b.input("x", type_of(a, Quant((0.5,), (7,))))
    y = b.renamed(layers.pool(b, "max", x, PoolSpec((2, 2), (2, 2), layout="channels_last")), "y")
    assert y == "y" and b.type(y).quant == Quant((0.5,), (7,))
    seen = Interpreter(b.build([y])).run({"x": a})[y]
    assert np.array_equal(seen, a.reshape(1, 2, 2, 2, 2, 2).max((2, 4)))
    b = Builder("net", "quantised")
    v = b.input("v", type_of(np.full((1, 1, 2, 1), 9, np.int8), Quant((0.5,), (-3,))))
    spec = PoolSpec(
        (1, 2), padding=((0, 0), (1, 0)), count_include_pad=True, layout="channels_last"
    )
    y = layers.pool(b, "avg", v, spec)
    assert Interpreter(b.build([y])).run({"v": np.full((1, 1, 2, 1), 9, np.int8)})[y].tolist() == [
        [[[3], [9]]]
    ]
    with pytest.raises(ShapeError, match="expected float32"):
        deep = np.zeros((1, 1, 2, 2, 2), np.int8)
        run(lambda b, x: layers.pool(b, "avg", x, PoolSpec((1, 1, 1))), deep)
