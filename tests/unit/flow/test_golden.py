"""Golden windows are spread over the classes; proof rows see every difference."""

import numpy as np

from tinsmith.build.package import Golden
from tinsmith.data.dataset import Channel
from tinsmith.data.windows import TEST, TRAIN, Windowing, Windows
from tinsmith.flow.golden import choose, explained, stage_rows
from tinsmith.flow.trial import Cases
from tinsmith.ir.builder import Builder
from tinsmith.ir.types import TensorType
from tinsmith.learn.pipeline import Pipeline, Sensor
from tinsmith.prove.parity import compare
from tinsmith.prove.record import reference_trace
from tinsmith.prove.trace import Trace


def windows(labels: list[int], parts: list[int]) -> Windows:
    n = len(labels)
    return Windows(
        np.zeros((n, 2, 1), np.float32), np.array(labels), np.arange(n), np.array(parts),
        ("a", "b", "c"), False,
    )  # fmt: skip


def test_each_class_is_there() -> None:
    labels = [0] * 30 + [1] * 3 + [2] * 1
    w = windows([*labels, 0], [*[TEST] * 34, TRAIN])
    chosen = choose(w, 6)
    assert list(chosen) == sorted(set(chosen.tolist()))
    assert [int((w.of(TEST)[1][chosen] == c).sum()) for c in range(3)] == [3, 2, 1]
    assert len(choose(w, 100)) == 34


def test_spread_keeps_both_ends_and_all_when_all_fit() -> None:
    data = Cases({"raw": np.arange(10)}, np.arange(10))
    assert list(data.spread(10).labels) == list(range(10))
    assert list(data.spread(4).labels) == [0, 3, 6, 9]


def test_rows_name_the_stage_that_differs() -> None:
    b = Builder("g", "lowered")
    x = b.input("x", TensorType((3,), "float32"))
    b.stage = "first"
    y = b.op("relu", x, name="y")
    b.stage = "second"
    z = b.op("sqrt", y, name="z")
    graph = b.build([z])
    stimulus = {"x": np.array([[1, 4, 9], [0, 1, -1]], np.float32)}
    golden = reference_trace(graph, stimulus)
    values = {k: v.copy() for k, v in golden.values.items()}
    values["z"][1, 2] = np.float32(-0.0)
    rows = stage_rows(graph, golden, [golden, Trace("board", golden.raw, values)])
    assert [(r.stage, r.equal) for r in rows] == [
        ("driver", (True, True)),
        ("first", (True, True)),
        ("second", (True, False)),
    ]
    assert rows[1].elements == 3
    missing = Trace("board", golden.raw, {"z": golden.values["z"]})
    assert [r.equal for r in stage_rows(graph, golden, [missing])] == [(True,), (None,), (True,)]


def test_vectors_say_what_channels_and_classes_are() -> None:
    pipeline = Pipeline(
        "p", (Channel("acc", "g"), Channel("turn")), 25.0, Sensor("int16", (0.5, 2.0)),
        Windowing(8, 8), (), "linear",
    )  # fmt: skip
    x = np.zeros((1, 8, 2), np.int16)
    found = explained(Golden({"raw": x}, {"p": x}), pipeline, ("calm", "wild"))
    assert found.meaning["raw"] == ("acc, one step is 0.5 g", "turn, one step is 2")
    assert found.meaning["p"] == ("calm", "wild")
    assert found.rate_hz == 25


def test_a_nan_of_another_payload_is_equal_in_the_rows_as_in_the_verdict() -> None:
    """IEEE 754 leaves the payload to the hardware."""
    b = Builder("g", "lowered")
    graph = b.build([b.op("sqrt", b.input("x", TensorType((2,), "float32")), name="y")])
    golden = reference_trace(graph, {"x": np.array([[-1, 4]], np.float32)})
    other = np.array([[0xFFC00001, 0x40000000]], np.uint32).view(np.float32)
    seen = Trace("board", golden.raw, {"y": other})
    assert compare(graph, golden, seen).equal
    assert [r.equal for r in stage_rows(graph, golden, [seen])] == [(True,), (True,)]
