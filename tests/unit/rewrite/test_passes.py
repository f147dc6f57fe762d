"""Each pass: does its one thing, keeps the meaning, returns the same object on clean input."""

from collections.abc import Callable

import numpy as np
import pytest

from tinsmith.codegen.compile import PIPELINE
from tinsmith.importers._frame import AT_IMPORT
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import Interpreter, run_cases
from tinsmith.ir.ops.rfft_power import twiddles
from tinsmith.ir.rules import check
from tinsmith.ir.types import Quant, TensorType
from tinsmith.rewrite import PASSES
from tinsmith.rewrite.lower import identifiers

V = TensorType((2, 3), "float32")
X = np.arange(-3, 3, dtype=np.float32).reshape(2, 3)


def clean() -> Graph:
    b = Builder("net")
    return b.build([b.op("relu", b.input("x", V), name="y")])


def constants() -> Graph:
    b = Builder("net")
    w = b.op("sqrt", b.constant("c", np.full((2, 3), 4, np.float32)), name="root")
    w = b.op("relu", w, name="again")
    return b.build([b.op("add", b.input("x", V), w, name="y")])


def repeated() -> Graph:
    b = Builder("net")
    x = b.op("add", b.input("x", V), b.constant("step", np.ones((2, 3), np.float32)), name="r")
    row = b.constant("row", np.tile(np.arange(1, 4, dtype=np.float32), (2, 1)))
    return b.build([b.op("mul", x, row, name="y")])


def identities() -> Graph:
    b = Builder("net")
    x = b.op("relu", b.input("x", V), name="r")
    same = b.op("reshape", x, shape=(2, 3), name="same")
    whole = b.op("slice", same, axis=1, start=0, size=3, name="whole")
    kept = b.op("reshape", whole, shape=(3, 2), name="kept")
    return b.build([b.op("sqrt", kept, name="y"), b.op("reshape", x, shape=(2, 3), name="out")])


def dead() -> Graph:
    b = Builder("net")
    x = b.input("x", V)
    b.input("unused", V)
    s = b.state("lost", np.zeros((2, 3), np.float32))
    b.update(s, b.op("add", x, s, name="sum"))
    t = b.state("kept", np.zeros((2, 3), np.float32))
    b.update(t, b.op("add", t, b.constant("step", np.ones(3, np.float32)), name="moved"))
    b.constant("stray", np.ones(4, np.float32))
    return b.build([b.op("add", x, t, name="y")])


def transposes() -> Graph:
    """A transpose in front of an activation, and its inverse behind."""
    b = Builder("net")
    x = b.input("x", V)
    turned = b.op("transpose", x, name="turned")
    active = b.op("relu", turned, name="active")
    return b.build([b.op("transpose", active, name="back")])


def sums() -> Graph:
    """A layer whose sums only its bounds read, lowered."""
    b = Builder("net", "lowered")
    w, bias = b.constant("w", np.eye(3, dtype=np.float32)), b.constant("b", np.ones(3, np.float32))
    x = b.op("dense", b.input("x", V), w, bias, name="sum")
    for op, bound in (("max", -1.5), ("min", 2.5)):
        x = b.op(op, x, b.constant(f"bound_{op}", np.float32([bound])), name=op)
    return b.build([x])


def norm() -> Graph:
    """Powers of two: nothing is rounded."""
    b = Builder("net")
    w = b.constant("w", np.eye(3, dtype=np.float32))
    c = b.constant("b", np.ones(3, np.float32))
    y = b.op("dense", b.input("x", V), w, c, name="layer")
    gain = b.constant("gain", np.array([2, -0.5, 4], np.float32))
    return b.build([b.op("mul", y, gain, name="y")])


def channels() -> Graph:
    """A layer of three channels of which one has no weights, between two others."""
    b = Builder("net", "quantised")
    quant = Quant((0.1,), (-3,))
    x = b.op("quantize", b.input("x", V), quant=quant)
    for n, w in enumerate(([[1, 2, 3], [0, 0, 0], [-4, 5, 6]], [[7, 8, 9], [1, -9, 4]])):
        weights = b.constant("w", np.array(w, np.int8), Quant((0.5,), (0,)))
        x = b.op("dense", x, weights, b.constant("b", np.arange(9, 9 + len(w), dtype=np.int32)))
        m, s = (b.constant(k, np.array([v], np.int32)) for k, v in (("m", 1 << 30), ("s", 0)))
        x = b.op(
            "requantize", x, m, s, name=f"y{n}", quant=quant, rounding="double", zero_point=-3,
            act_min=-128, act_max=127,
        )  # fmt: skip
    return b.build([x])


def padded() -> Graph:
    """A pad in front of a transpose."""
    b = Builder("net")
    wide = b.op("pad", b.input("x", V), before=(1, 0), after=(0, 2), value=0.5, name="wide")
    return b.build([b.op("relu", b.op("transpose", wide, name="turned"), name="y")])


def raw() -> Graph:
    """Spectra of integers in float."""
    b = Builder("net")
    readings = b.op("reshape", b.input("x", V), shape=(6, 1), name="column")
    readings = b.op("cast", readings, dtype="int16", name="raw")
    scale, ones = (b.constant(k, np.ones(1, np.float32)) for k in ("scale", "weight"))
    x = b.op("dequantize", readings, scale, name="physical")
    window, spans = (b.constant("w", np.ones(5, np.float32)), np.array([[1, 1]], np.int32))
    constants = (window, b.constant("t", twiddles(8)), ones, b.constant("s", spans))
    attrs = {"start": 1, "stride": 1, "emphasis": 0.5, "floor": 0.0}
    return b.build([b.op("stft_bands", x, *constants, name="y", **attrs)])


def bordered() -> Graph:
    """A pad in front of a convolution."""
    b = Builder("net")
    x = b.op("reshape", b.input("x", V), shape=(1, 2, 3, 1))
    wide = b.op("pad", x, before=(0, 1, 0, 0), after=(0, 0, 2, 0), value=0.0, name="wide")
    w, bias = (b.constant(k, np.ones(s, np.float32)) for k, s in (("w", (1, 2, 2, 1)), ("b", 1)))
    return b.build([b.op("conv2d", wide, w, bias, stride=(1, 1), name="y")])


def views() -> Graph:
    """Two shapes, one after the other."""
    b = Builder("net")
    x = b.op("reshape", b.op("relu", b.input("x", V)), shape=(6,), name="flat")
    return b.build([b.op("reshape", x, shape=(3, 2), name="y")])


def functions() -> Graph:
    """A real function between integers, and a rectifier behind a requantisation."""
    b = Builder("net", "quantised")
    quant = Quant((0.1,), (-3,))
    x = b.op("quantize", b.input("x", V), quant=quant)
    real = b.op("tanh", b.op("dequantize", x), name="real")
    return b.build([b.op("relu", b.op("quantize", real, quant=quant), name="y")])


def side_by_side() -> Graph:
    """Two branches, each wide in its middle, that need not be wide at once."""
    b = Builder("net")
    x = b.input("x", V)
    wide = [b.op("pad", x, before=(0, 0), after=(0, n), value=1.0) for n in (9, 8)]
    sums = [b.op("reduce_sum", v, axis=1) for v in wide]
    return b.build([b.op("add", *sums, name="y")])


def joined_turned() -> Graph:
    """Two transposes that are joined, and turned back."""
    b = Builder("net")
    x = b.input("x", V)
    turned = [b.op("transpose", b.op(op, x)) for op in ("relu", "neg")]
    wide = b.op("concat", *turned, axis=0, name="wide")
    return b.build([b.op("relu", b.op("transpose", wide), name="y")])


def flattened() -> Graph:
    """A transpose in front of an integer layer."""
    b = Builder("net", "quantised")
    quant = Quant((0.1,), (-3,))
    x = b.op("transpose", b.op("quantize", b.input("x", V), quant=quant))
    x = b.op("reshape", b.op("relu", x), shape=(1, 6))
    x = b.op("strided", x, result=(1, 6), offset=0, shape=(2, 3), strides=(1, 2))
    w = b.constant("w", np.arange(12).astype(np.int8).reshape(2, 6), Quant((0.5,), (2,)))
    return b.build([b.op("dense", x, w, b.constant("b", np.arange(2, dtype=np.int32)), name="y")])


def reshaped() -> Graph:
    """A reshape that alone reads what is in front of it, lowered."""
    b = Builder("net", "lowered")
    x = b.op("reshape", b.op("relu", b.input("x", V), name="r"), shape=(3, 2), name="flat")
    return b.build([b.op("sqrt", x, name="y")])


def widened(b: Builder, x: str, name: str) -> str:
    """Eight bits less their zero point."""
    operands = b.constant(f"{name}_m", np.int32([1 << 30])), b.constant(f"{name}_s", np.int32([1]))
    return b.op(
        "requantize", x, *operands, name=name, rounding="double", dtype="int32",
        zero_point=0, act_min=-(2**31), act_max=2**31 - 1,
    )  # fmt: skip


def narrow() -> tuple[Builder, str]:
    b = Builder("net", "lowered")
    return b, b.op("quantize", b.input("x", V), quant=Quant((0.1,), (-3,)))


def totals() -> Graph:
    """A sum of widened values, in another shape."""
    b, q = narrow()
    wide = b.op("reshape", widened(b, q, "w"), shape=(3, 2))
    return b.build([b.op("reduce_sum", wide, axis=1, name="y")])


def products() -> Graph:
    """A product of widened values and constants, requantised."""
    b, q = narrow()
    p = b.op("mul", widened(b, q, "w"), b.constant("c", np.int32([[3, -5, 7]])), name="p")
    operands = b.constant("m", np.int32([3 << 29])), b.constant("s", np.int32([-4]))
    return b.build([b.op(
        "requantize", p, *operands, name="y", quant=Quant((0.2,), (1,)), rounding="single",
        zero_point=1, act_min=-128, act_max=127,
    )])  # fmt: skip


def transposed() -> Graph:
    """A transposed convolution of int8 and its requantisation."""
    b = Builder("net", "quantised")
    quant = Quant((0.1,), (-3,))
    x = b.op("quantize", b.op("reshape", b.input("x", V), shape=(1, 2, 3, 1)), quant=quant)
    w = b.constant("w", np.arange(9).astype(np.int8).reshape(1, 3, 3, 1), Quant((0.5,), (0,)))
    c = b.constant("c", np.int32([5]))
    sums = b.op("conv_transpose2d", x, w, c, stride=(2, 2), size=(4, 6), quant=None)
    operands = b.constant("m", np.int32([3 << 29])), b.constant("s", np.int32([-4]))
    return b.build([b.op(
        "requantize", sums, *operands, name="y", quant=Quant((0.2,), (1,)), rounding="single",
        zero_point=1, act_min=-128, act_max=127,
    )])  # fmt: skip


def twice() -> Graph:
    """Two branches that begin alike."""
    b = Builder("net")
    x = b.input("x", V)
    means = [b.op("reduce_mean", b.op("relu", x), axis=1) for _ in range(2)]
    return b.build([b.op("add", b.op("sqrt", means[0]), b.op("neg", means[1]), name="y")])


DIRTY: dict[str, Callable[[], Graph]] = {
    "fold_constants": constants,
    "shrink_constants": repeated,
    "sink_transposes": transposes,
    "remove_identities": identities,
    "eliminate_dead": dead,
    "sink_turns": joined_turned,
    "fold_turns": flattened,
    "merge_views": views,
    "split_transposed": transposed,
    "merge_tables": functions,
    "sink_pads": padded,
    "fold_pads": bordered,
    "read_raw": raw,
    "remove_channels": channels,
    "lower": clean,
    "fuse": sums,
    "fuse_sums": totals,
    "fuse_products": products,
    "fuse_views": reshaped,
    "merge_equal": twice,
    "order_nodes": side_by_side,
    "fold_norms": norm,
}


def values(graph: Graph) -> list[np.ndarray]:
    """Outputs of two runs without a reset between."""
    machine = Interpreter(graph)
    inputs = dict.fromkeys(graph.inputs, X)
    runs = [machine.run(inputs) for _ in range(2)]
    return [run[o] for run in runs for o in graph.outputs]


def test_every_pass_is_here_and_runs() -> None:
    assert set(DIRTY) == set(PASSES.names()) == {*PIPELINE, *AT_IMPORT}


@pytest.mark.parametrize("name", DIRTY)
def test_meaning_is_kept_and_a_second_run_returns_the_same_object(name: str) -> None:
    graph = DIRTY[name]()
    once = PASSES.get(name)(graph)
    assert once is not graph
    assert PASSES.get(name)(once) is once
    for a, b in zip(values(graph), values(once), strict=True):
        assert a.tobytes() == b.tobytes()


def test_fold_constants_folds_chains_under_their_own_name() -> None:
    graph = PASSES.get("fold_constants")(constants())
    assert [n.name for n in graph.nodes] == ["y"]
    assert graph.constants["again"].tolist() == [[2] * 3] * 2


def test_fold_constants_leaves_outputs_and_infinities_alone() -> None:
    b = Builder("net")
    c = b.constant("c", np.zeros(2, np.float32))
    x = b.input("x", TensorType((2,), "float32"))
    graph = b.build([b.op("relu", c, name="out"), b.op("add", x, b.op("log", c), name="y")])
    assert PASSES.get("fold_constants")(graph) is graph


def test_fold_constants_does_not_blow_a_constant_up() -> None:
    b = Builder("net")
    x = b.input("x", TensorType((1001,), "float32"))
    c = b.constant("c", np.ones(1, np.float32))
    large = b.op("strided", c, shape=(1001,), strides=(0,), offset=0, name="large")
    small = b.op("strided", c, shape=(1000,), strides=(0,), offset=0, name="small")
    wide = b.op("cast", b.constant("bytes", np.ones(1001, np.int8)), dtype="float32", name="wide")
    cut = b.op("slice", b.op("add", b.op("add", x, large), wide), axis=0, start=0, size=1000)
    graph = b.build([b.op("add", cut, small, name="y")])
    folded = PASSES.get("fold_constants")(graph)
    assert {"small", "wide"} <= set(folded.constants) and "large" not in folded.constants


def test_shrink_constants_keeps_what_is_repeated() -> None:
    graph = PASSES.get("shrink_constants")(repeated())
    assert graph.constants["step"].tolist() == [1.0]
    assert graph.constants["row"].tolist() == [1.0, 2.0, 3.0]
    assert graph.type("row").shape == (3,)


@pytest.mark.parametrize("first", [True, False])
def test_shrink_constants_on_either_side_and_along_any_axes(first: bool) -> None:
    for told in ((1, 1, 1), (2, 1, 1), (1, 3, 1), (1, 1, 4), (2, 3, 1), (1, 3, 4), (2, 3, 4)):
        array = np.arange(1, 1 + np.prod(told), dtype=np.float32).reshape(told)
        b = Builder("net")
        x = b.input("x", TensorType((2, 3, 4), "float32"))
        c = b.constant("c", np.array(np.broadcast_to(array, (2, 3, 4))))
        y = b.op("sub", *((c, x) if first else (x, c)))
        graph = b.build([b.op("where", x, c, b.op("less", y, x))])
        small = PASSES.get("shrink_constants")(graph)
        assert small.constants[c].size == array.size and not check(small)
        given = {"x": np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)}
        want, got = run_cases(graph, given), run_cases(small, given)
        assert all(want[o].tobytes() == got[o].tobytes() for o in graph.outputs)


def test_equal_constants_are_stored_once() -> None:
    b = Builder("net", "quantised")
    x = b.input("x", TensorType((2,), "int32"))
    rows = [b.constant(n, np.array([3, 4], np.int32)) for n in ("first", "second", "kept")]
    other = b.constant("other", np.array([3, 4], np.int32), Quant((0.5,), (0,)))
    y = b.op("add", b.op("add", b.op("sub", x, rows[0]), rows[1]), rows[2])
    graph = b.build([b.op("mul", y, other), rows[2]])
    small = PASSES.get("shrink_constants")(graph)
    assert set(small.constants) == {"first", "kept", "other"}  # an output, another meaning
    assert [n.inputs[1] for n in small.nodes] == ["first", "first", "kept", "other"]
    assert not check(small)


ONES = np.ones((2, 3), np.float32)
SIGNS = np.array([[0, 0, 0], [0, -0.0, 0]], np.float32)
ROWS = np.array([[1, 2, 3], [1, 2, 4]], np.float32)


def needed(used: str, array: np.ndarray, quant: Quant | None = None) -> Graph:
    """A graph that needs a constant in full."""
    b = Builder("net", "quantised")
    x, c = b.input("x", TensorType((2, 3), array.dtype.name)), b.constant("c", array, quant)
    y = b.op("add", x, c, name="y")
    match used:
        case "output":
            return b.build([y, c])
        case "both":
            return b.build([y, b.op("sub", c, c)])
        case "all":
            return b.build([b.op("add", b.input("one", TensorType((1,), "float32")), c)])
    return b.build([y])


@pytest.mark.parametrize(
    "graph",
    [
        *(needed(used, ONES) for used in ("output", "both", "all")),
        needed("", SIGNS),
        needed("", ROWS),
        needed("", np.ones((2, 3), np.int32), Quant((0.1, 0.2, 0.3), (0, 0, 0), 1)),
    ],
    ids=["output", "both", "all", "signs", "rows", "scales"],
)
def test_shrink_constants_leaves_a_constant_that_is_needed_in_full(graph: Graph) -> None:
    assert PASSES.get("shrink_constants")(graph) is graph


def test_a_constant_of_two_readers_that_repeat_it_shrinks_for_both() -> None:
    b = Builder("net", "quantised")
    quant = Quant((0.1,), (3,))
    x = b.input("x", TensorType((2, 3), "int8", quant))
    c = b.constant("c", np.full((2, 3), 7, np.int8), quant)
    graph = b.build([b.op("add", x, c, quant=quant), b.op("add", x, c, quant=quant, act_min=0)])
    small = PASSES.get("shrink_constants")(graph)
    assert small.type("c") == TensorType((1,), "int8", quant)
    given = {"x": np.arange(-3, 3, dtype=np.int8).reshape(1, 2, 3)}
    for was, now in zip(
        run_cases(graph, given).values(), run_cases(small, given).values(), strict=True
    ):
        assert was.tobytes() == now.tobytes()


def test_fold_constants_folds_a_single_value() -> None:
    b = Builder("net")
    x = b.input("x", V)
    half = b.op("cast", b.constant("c", np.array(3, np.int64)), dtype="float32", name="three")
    folded = PASSES.get("fold_constants")(b.build([b.op("mul", x, half, name="y")]))
    assert folded.constants["three"].shape == () and not check(folded)


def test_remove_identities_keeps_outputs_and_real_reshapes() -> None:
    graph = PASSES.get("remove_identities")(identities())
    assert [n.name for n in graph.nodes] == ["r", "kept", "y", "out"]
    assert graph.nodes[1].inputs == ("r",)


def test_a_square_transpose_is_no_identity() -> None:
    b = Builder("net")
    x = b.input("x", TensorType((2, 2), "float32"))
    t = b.op("transpose", x, name="t")
    graph = b.build([b.op("relu", t, name="y")])
    assert PASSES.get("remove_identities")(graph) is graph


def test_eliminate_dead_keeps_inputs_and_states_that_matter() -> None:
    graph = PASSES.get("eliminate_dead")(dead())
    assert graph.inputs == ("x", "unused")
    assert [s.name for s in graph.states] == ["kept"]
    assert {n.name for n in graph.nodes} == {"moved", "y"} and set(graph.constants) == {"step"}


def test_lower_makes_distinct_identifiers() -> None:
    names = identifiers(["a b", "a-b", "A_B", "ok", "OK", "x_y", "X Y", "1st", "é", ""])
    lowered = [n.lower() for n in names.values()]
    assert len(set(lowered)) == len(lowered)
    assert all(n.isidentifier() and n.isascii() for n in names.values())
    assert names["A_B"] == "A_B" and names["OK"] == "OK"


def test_lower_copies_what_is_passed_through() -> None:
    b = Builder("pass through")
    x = b.input("x", V)
    c = b.constant("c", np.ones((2, 3), np.float32))
    first, second = (b.state(n, np.zeros((2, 3), np.float32)) for n in ("first", "second"))
    b.update(first, x)
    b.update(second, first)
    graph = b.build([x, c, first, second])
    low = PASSES.get("lower")(graph)
    assert low.name == "pass_through"
    assert low.outputs == ("x_out", "c_out", "first_out", "second_out")
    cases = {"x": np.stack([X, X + 1, X + 2])}
    got = run_cases(low, cases, reset_each=False)
    assert got["first_out"][2].tobytes() == cases["x"][1].tobytes()
    assert got["second_out"][2].tobytes() == cases["x"][0].tobytes()


def test_lower_adds_nothing_for_a_state_that_keeps_itself() -> None:
    b = Builder("net")
    kept = b.state("kept", np.ones((2, 3), np.float32))
    graph = b.build([b.op("add", b.input("x", V), kept, name="y")])
    low = PASSES.get("lower")(graph)
    assert [n.name for n in low.nodes] == ["y"]
    assert low.states[0].next == "kept"


@pytest.mark.parametrize("name", ["stdint", "String", "golden", "ts", "ts_kernel", "_x", "1"])
def test_lower_gives_a_module_no_name_that_is_taken(name: str) -> None:
    low = PASSES.get("lower")(clean().with_(name=name))
    assert low.name.startswith("model_") and low.name.isidentifier()


@pytest.mark.parametrize("name", ["wrist", "memory", "kernels", "hidden", "main", "tsunami"])
def test_lower_keeps_good_names(name: str) -> None:
    assert PASSES.get("lower")(clean().with_(name=name)).name == name
