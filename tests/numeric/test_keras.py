"""Keras models of every layer that is read: the graph computes what Keras computes, from .keras and
from .h5 files."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from firmwares import CACHE

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.shared import build_shared
from tinsmith.codegen.compile import compile_graph
from tinsmith.core.errors import UserError
from tinsmith.devices.board import BOARDS
from tinsmith.importers import read_model
from tinsmith.importers.keras.rules import RULES
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.prove.bits import equal

TOLERANCE = 1e-5
CASES = 3


@pytest.fixture(scope="session")
def keras() -> Any:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return pytest.importorskip("keras")


def picture(k: Any) -> Any:
    return k.Input((9, 8, 3), name="x")


def series(k: Any) -> Any:
    return k.Input((12, 4), name="x")


def vector(k: Any) -> Any:
    return k.Input((10,), name="x")


def chain(start: Callable[[Any], Any], *layers: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A model of layers in a row."""

    def build(k: Any) -> Any:
        first = x = start(k)
        for layer in layers:
            x = layer(k.layers)(x)
        return k.Model(first, x)

    return build


def branches(k: Any) -> Any:
    x = vector(k)
    a, b = k.layers.Dense(6, name="left")(x), k.layers.Dense(6, name="right")(x)
    merged = [
        getattr(k.layers, n)()([a, b])
        for n in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")
    ]
    shared = k.layers.Dense(3, name="shared")
    both = k.layers.Concatenate()([shared(merged[0]), shared(merged[2])])
    return k.Model(x, [*merged[1:], both])


def nested(k: Any) -> Any:
    inner = k.Sequential(
        [k.Input((10,)), k.layers.Dense(5), k.layers.BatchNormalization(), k.layers.Dense(4)]
    )
    return k.Sequential([k.Input((10,)), inner, k.layers.ELU(0.7), k.layers.Dense(2)])


def two_inputs(k: Any) -> Any:
    x, y = vector(k), k.Input((4,), name="y")
    return k.Model([x, y], k.layers.Concatenate()([k.layers.Dense(3, name="d")(x), y]))


def embedding(k: Any) -> Any:
    x = k.Input((6,), dtype="int32", name="x")
    return k.Model(x, k.layers.Embedding(20, 5)(x))


def sequences(k: Any) -> tuple[Any, Any]:
    return k.Input((5, 6), name="x"), k.Input((4, 6), name="y")


def attention(k: Any) -> Any:
    x, y = sequences(k)
    ln = k.layers
    mask = k.Input((5, 4), dtype="bool", name="mask")
    both = ln.MultiHeadAttention(2, 3, value_dim=4)(x, y, return_attention_scores=True)
    results = [
        *both,
        ln.MultiHeadAttention(3, 2, use_bias=False)(x, y, use_causal_mask=True),
        ln.MultiHeadAttention(2, 2, output_shape=5)(x, value=y, attention_mask=mask),
        ln.MultiHeadAttention(1, 2)(x, y, key=y),
        ln.GroupQueryAttention(3, 4, 2)(x, y, use_causal_mask=True),
        ln.Attention(use_scale=True)([x, y], use_causal_mask=True),
        ln.AdditiveAttention()([x, y, y]),
    ]
    return k.Model([x, y, mask], results)


def products(k: Any) -> Any:
    x, y = sequences(k)
    ln, r = k.layers, k.Input((6,), name="r")
    results = [
        ln.Dot(axes=2, normalize=True)([x, y]), ln.Dot(axes=(1, 2))([ln.Permute((2, 1))(x), y]),
        ln.Dot(axes=1)([r, ln.Rescaling(0.5)(r)]),
        ln.EinsumDense("abc,cd->abd", output_shape=(None, 7), bias_axes="d")(x),
        ln.EinsumDense("abc,cde->aebd", output_shape=(2, None, 3), bias_axes="ed",
                       bias_initializer="normal")(x),
        ln.EinsumDense("...x,xy->...y", output_shape=4, activation="relu")(x),
    ]  # fmt: skip
    return k.Model([x, y, r], results)


def grids(k: Any) -> Any:
    x = picture(k)
    ln = k.layers
    one = ln.Reshape((24, 9))(x)
    results = [
        ln.Conv2DTranspose(4, 3, strides=2, output_padding=1)(x),
        ln.Conv2DTranspose(4, 3, strides=2, padding="same", output_padding=1)(x),
        ln.Conv2DTranspose(2, 3, strides=(2, 3), padding="same", output_padding=(0, 1))(x),
        ln.Conv1DTranspose(2, 4, strides=3, padding="same", output_padding=1)(one),
        ln.GlobalAveragePooling2D(keepdims=True)(x),
        ln.Softmax(axis=(1, 2))(x),
        ln.Softmax(axis=1)(x),
    ]
    return k.Model(x, results)


def masked_table(k: Any) -> Any:
    x = k.Input((6,), dtype="int32", name="x")
    return k.Model(x, k.layers.Dense(3)(k.layers.Embedding(20, 5, mask_zero=True)(x)))


ACTIVATIONS = (
    "relu", "sigmoid", "tanh", "softplus", "softsign", "exponential", "silu", "mish", "gelu",
    "hard_silu", "log_sigmoid", "linear", "softmax", "log_softmax", "relu6", "elu", "selu",
    "leaky_relu", "hard_sigmoid", "celu", "hard_tanh", "hard_shrink", "soft_shrink", "tanh_shrink",
    "sparse_plus", "sparse_sigmoid", "squareplus",
)  # fmt: skip
CONVS: dict[str, dict[str, Any]] = {
    "valid": {"padding": "valid"},
    "same_strides": {"padding": "same", "strides": 2, "activation": "relu"},
    "dilated": {"padding": "same", "dilation_rate": 2, "use_bias": False},
}
MODELS: dict[str, Callable[[Any], Any]] = {
    "branches": branches,
    "nested": nested,
    "two_inputs": two_inputs,
    "embedding": embedding,
    "attention": attention,
    "products": products,
    "grids": grids,
    "masked_table": masked_table,
    "glu": chain(vector, lambda k: k.Dense(6, activation="glu")),
    "thresholds": chain(
        vector, lambda k: k.ReLU(threshold=0.4), lambda k: k.Dense(9),
        lambda k: k.ReLU(threshold=0.3, negative_slope=0.2, max_value=2.0),
    ),
    "own_norms": chain(
        picture, lambda k: k.LayerNormalization(axis=(2, 3), epsilon=0.2),
        lambda k: k.RMSNormalization(epsilon=0.1),
        lambda k: k.LayerNormalization(axis=(1, 2, 3), center=False),
        lambda k: k.GroupNormalization(3, epsilon=0.3),
        lambda k: k.GroupNormalization(-1, axis=1, scale=False), lambda k: k.UnitNormalization(),
        lambda k: k.SpectralNormalization(k.Conv2D(4, 2)),
        lambda k: k.UnitNormalization(axis=(1, 2)), lambda k: k.RMSNormalization(axis=(2, 3)),
    ),
    "shapes": chain(
        series, lambda k: k.Permute((2, 1)), lambda k: k.Reshape((6, -1)),
        lambda k: k.Dropout(0.3), lambda k: k.Flatten(), lambda k: k.RepeatVector(3),
    ),
    "relus": chain(
        vector, lambda k: k.ReLU(), lambda k: k.Dense(9),
        lambda k: k.PReLU(alpha_initializer="normal"), lambda k: k.LeakyReLU(negative_slope=0.2),
        lambda k: k.ReLU(max_value=1.5, negative_slope=0.1), lambda k: k.Softmax(),
    ),
    "norms": chain(
        picture, lambda k: k.BatchNormalization(scale=False, epsilon=0.2),
        lambda k: k.LayerNormalization(), lambda k: k.Rescaling(0.5, -1),
        lambda k: k.Normalization(mean=[1, 2, 3], variance=[4, 1, 2]),
    ),
    "one_axis": chain(
        series, lambda k: k.Conv1D(5, 3, padding="causal", dilation_rate=2),
        lambda k: k.DepthwiseConv1D(3, depth_multiplier=2), lambda k: k.SeparableConv1D(4, 3),
        lambda k: k.ZeroPadding1D((1, 2)), lambda k: k.MaxPooling1D(2), lambda k: k.UpSampling1D(2),
        lambda k: k.Conv1DTranspose(3, 3, strides=2, padding="same"), lambda k: k.Cropping1D(1),
        lambda k: k.AveragePooling1D(2, strides=1, padding="same"),
        lambda k: k.GlobalAveragePooling1D(),
    ),
    "pictures": chain(
        picture, lambda k: k.SeparableConv2D(6, 3, depth_multiplier=2, padding="same"),
        lambda k: k.MaxPooling2D(2, padding="same"), lambda k: k.ZeroPadding2D(((1, 0), (2, 1))),
        lambda k: k.AveragePooling2D((2, 1), strides=1, padding="same"),
        lambda k: k.UpSampling2D((2, 1)), lambda k: k.UpSampling2D(2, interpolation="bilinear"),
        lambda k: k.Cropping2D(((2, 1), (0, 3))), lambda k: k.Conv2D(4, 3, groups=2),
        lambda k: k.GlobalMaxPooling2D(),
    ),
    "volumes": chain(
        lambda k: k.Input((5, 6, 4, 2), name="x"), lambda k: k.Conv3D(3, 2, padding="same"),
        lambda k: k.MaxPooling3D(2), lambda k: k.ZeroPadding3D(1), lambda k: k.AveragePooling3D(2),
        lambda k: k.GlobalAveragePooling3D(keepdims=True),
    ),
    "more_volumes": chain(
        lambda k: k.Input((3, 4, 2, 2), name="x"), lambda k: k.Conv3DTranspose(3, 2, strides=2),
        lambda k: k.Cropping3D((1, 2, 1)), lambda k: k.UpSampling3D((1, 2, 1)),
        lambda k: k.GlobalMaxPooling3D(),
    ),
    "activation_layer": chain(
        series, lambda k: k.Activation("tanh"), lambda k: k.GlobalMaxPooling1D()
    ),
    "transposed_valid": chain(picture, lambda k: k.Conv2DTranspose(4, (3, 2), strides=(2, 3))),
    "transposed_same": chain(
        picture, lambda k: k.Conv2DTranspose(4, 3, strides=2, padding="same", activation="tanh")
    ),
    "recurrent": chain(
        series, lambda k: k.LSTM(5, return_sequences=True),
        lambda k: k.SimpleRNN(4, return_sequences=True),
        lambda k: k.GRU(3, return_sequences=True, go_backwards=True),
        lambda k: k.GRU(4, reset_after=False, recurrent_activation="hard_sigmoid"),
    ),
    "both_ways": chain(
        series, lambda k: k.Bidirectional(k.LSTM(3, return_sequences=True)),
        lambda k: k.TimeDistributed(k.Dense(4, activation="relu")),
        lambda k: k.Bidirectional(k.GRU(3), merge_mode="ave"),
    ),
    **{
        f"conv_{name}": chain(picture, lambda k, o=options: k.Conv2D(4, (3, 2), **o))
        for name, options in CONVS.items()
    },
    **{
        f"depthwise_{name}": chain(picture, lambda k, o=options: k.DepthwiseConv2D(3, **o))
        for name, options in CONVS.items()
    },
    **{
        f"activation_{name}": chain(vector, lambda k, n=name: k.Dense(7, activation=n))
        for name in ACTIVATIONS
    },
}  # fmt: skip


def check_order(k: Any) -> Any:
    """Inputs declared in another order than they are used in."""
    x, y = k.Input((3,), name="first"), k.Input((4,), name="second")
    return k.Model([x, y], k.layers.Concatenate()([k.layers.Dense(2)(y), x]))


def inputs_of(graph: Graph, rng: np.random.Generator) -> dict[str, np.ndarray]:
    made = {}
    for name in graph.inputs:
        type = graph.type(name)
        drawn = rng.normal(size=(CASES, *type.shape)) * 2
        drawn = np.abs(drawn) * 4 if type.dtype == "int32" else drawn
        made[name] = drawn.astype(type.dtype)
    return made


def check(graph: Graph, model: Any, rng: np.random.Generator) -> None:
    inputs = inputs_of(graph, rng)
    got = run_cases(graph, inputs)
    given = [inputs[n][:, 0] for n in graph.inputs]
    wanted = model.predict(given if len(given) > 1 else given[0], verbose=0)
    wanted = wanted if isinstance(wanted, list) else [wanted]
    for name, want in zip(graph.outputs, wanted, strict=True):
        have = got[name][:, 0]
        assert have.shape == want.shape
        assert np.abs(have - want).max() <= TOLERANCE * max(1e-3, np.abs(want).max())


def randomised(model: Any, rng: np.random.Generator) -> Any:
    """Weights away from their start, so that none goes unnoticed; variances stay positive."""
    for variable in model.variables:
        value = rng.normal(size=tuple(variable.shape)) * 0.5
        value = np.abs(value) + 0.5 if "variance" in variable.path else value
        if "seed" not in variable.path:
            variable.assign(value.astype("float32"))
    return model


@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_computes_what_keras_computes(
    name: str, keras: Any, tmp_path: Path, rng: np.random.Generator
) -> None:
    model = randomised(MODELS[name](keras), rng)
    for suffix in (".keras", ".h5"):
        path = tmp_path / f"model{suffix}"
        model.save(path)
        check(read_model(path), model, rng)


def normed(data_format: str) -> Callable[[Any], Any]:
    """A norm behind every kind of layer with weights."""
    axis = -1 if data_format == "channels_last" else 1
    given: dict[str, Any] = {"data_format": data_format}
    return chain(
        lambda k: k.Input((9, 8, 3) if axis == -1 else (3, 9, 8), name="x"),
        lambda k: k.Conv2D(4, 3, use_bias=False, **given), lambda k: k.BatchNormalization(axis),
        lambda k: k.ReLU(), lambda k: k.DepthwiseConv2D(3, **given),
        lambda k: k.BatchNormalization(axis, scale=False), lambda k: k.ReLU(),
        lambda k: k.Conv2DTranspose(5, 2, strides=2, **given),
        lambda k: k.BatchNormalization(axis, center=False), lambda k: k.ReLU(),
        lambda k: k.SeparableConv2D(4, 3, **given), lambda k: k.BatchNormalization(axis),
        lambda k: k.ReLU(), lambda k: k.Flatten(), lambda k: k.Dense(6),
        lambda k: k.BatchNormalization(), lambda k: k.Rescaling(0.5, -1.0),
    )  # fmt: skip


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_norms_are_folded_into_the_layers_in_front(
    data_format: str, keras: Any, tmp_path: Path, rng: np.random.Generator
) -> None:
    model = randomised(normed(data_format)(keras), rng)
    model.save(tmp_path / "m.keras")
    graph = read_model(tmp_path / "m.keras")
    check(graph, model, rng)
    assert not {n.op for n in graph.nodes} & {"mul", "add", "sub", "div"}
    layers = ["conv2d", "depthwise_conv2d", "conv_transpose2d", "depthwise_conv2d", "conv2d"]
    assert [n.op for n in graph.nodes if len(n.inputs) == 3] == [*layers, "dense"]


@pytest.mark.parametrize("name", ["pictures", "recurrent", "one_axis", "attention"])
def test_compiled_c_equals_the_interpreter(
    name: str, keras: Any, tmp_path: Path, rng: np.random.Generator
) -> None:
    randomised(MODELS[name](keras), rng).save(tmp_path / "model.keras")
    graph = read_model(tmp_path / "model.keras")
    module = compile_graph(graph, "host")
    inputs = inputs_of(graph, rng)
    seen = run(build_shared(module, CACHE), BOARDS.get("host"), "host", RunOptions(inputs))
    wanted = run_cases(graph, inputs)
    for output in graph.outputs:
        assert equal(wanted[output], seen.outputs[output])


def test_inputs_come_in_the_order_of_the_model(
    keras: Any, tmp_path: Path, rng: np.random.Generator
) -> None:
    model = randomised(check_order(keras), rng)
    model.save(tmp_path / "m.keras")
    graph = read_model(tmp_path / "m.keras")
    assert graph.inputs == ("first", "second")
    check(graph, model, rng)


def heeded(k: Any, x: Any) -> Any:
    return k.layers.LSTM(3)(k.layers.Embedding(9, 4, mask_zero=True)(x))


def trained(k: Any, x: Any) -> Any:
    return k.layers.Dropout(0.5)(k.layers.Rescaling(1.0)(x), training=True)


def masked(k: Any, x: Any) -> Any:
    table = k.layers.Embedding(9, 4)(x)
    return k.layers.GRU(4)(table, mask=k.layers.Rescaling(1.0)(x))


def binned(k: Any, x: Any) -> Any:
    return k.layers.Discretization([0.0, 1.0])(x)


@pytest.mark.parametrize(
    ("build", "named"),
    [(heeded, "LSTM"), (trained, "Dropout"), (masked, "GRU"), (binned, "Discretization")],
)
def test_what_would_be_computed_otherwise_is_refused_by_name(
    build: Callable[[Any, Any], Any], named: str, keras: Any, tmp_path: Path
) -> None:
    x = keras.Input((6,), name="x")
    keras.Model(x, build(keras, x)).save(tmp_path / "m.keras")
    with pytest.raises(UserError, match=named) as e:
        read_model(tmp_path / "m.keras")
    assert e.value.code == "import.keras.layer"


def test_every_layer_that_is_read_is_tried(keras: Any) -> None:
    seen: set[str] = set()

    def look(model: Any) -> None:
        for layer in model.layers:
            seen.add(type(layer).__name__)
            for inner in (
                layer,
                getattr(layer, "forward_layer", None),
                getattr(layer, "layer", None),
            ):
                if inner is not None:
                    seen.add(type(inner).__name__)
                if inner is not None and hasattr(inner, "layers"):
                    look(inner)

    for build in MODELS.values():
        look(build(keras))
    same = {k for k, r in RULES.items() if r is RULES["Dropout"] or r.translate.__name__ == "same"}
    assert set(RULES) - seen - same == {
        "GroupQueryAttention",  # as GroupedQueryAttention
        "ThresholdedReLU",  # of Keras 2
    }


def test_a_stateful_layer_keeps_its_state_until_reset(
    keras: Any, tmp_path: Path, rng: np.random.Generator
) -> None:
    x = keras.Input(batch_shape=(1, 4, 3), name="x")
    model = randomised(keras.Model(x, keras.layers.LSTM(5, stateful=True)(x)), rng)
    model.save(tmp_path / "m.keras")
    graph = read_model(tmp_path / "m.keras")
    assert len(graph.states) == 2
    inputs = inputs_of(graph, rng)
    got = run_cases(graph, inputs, reset_each=False)[graph.outputs[0]]
    model.layers[1].reset_states()
    want = [np.asarray(model(inputs["x"][i]).detach()) for i in range(CASES)]
    np.testing.assert_allclose(got, np.stack(want), atol=TOLERANCE)


@pytest.mark.parametrize("name", ["ad01.h5", "fan_low_autoencoder.h5"])
def test_public_models_are_within_the_tolerance(name: str, shared: Path) -> None:
    path = shared / "models" / name
    assert path.is_file(), f"the shared models lack {name}"
    graph = read_model(path)
    with np.load(f"{path}.vectors.npz") as vectors:
        x, want = vectors["in_0"], vectors["out_0"]
    shape = graph.type(graph.inputs[0]).shape
    values = run_cases(graph, {graph.inputs[0]: x.reshape(len(x), *shape)})
    got = values[graph.outputs[0]].reshape(want.shape)
    assert np.abs(got - want).max() <= TOLERANCE * np.abs(want).max()
