"""Uses of TensorFlow Lite's operators that are refused: each by the name of the operator, its node
and the reason."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tflites
from tflite_options import Draw, ints
from tflites import File, Operator, Tensor

from tinsmith.core.errors import UserError
from tinsmith.importers.tflite.convert import convert
from tinsmith.importers.tflite.operators import NAMES

X = (2, 3)


def int8(name: str, shape: tuple[int, ...] = X, scale: float = 0.1, zero: int = 0) -> Tensor:
    return Tensor(name, shape, "int8", (scale,), (zero,))


def int16(name: str, scale: float = 0.1) -> Tensor:
    return Tensor(name, X, "int16", (scale,), (0,))


def matrix(data: np.ndarray, scale: tuple[float, ...] = (0.1,), zero: int = 0) -> Tensor:
    return Tensor("w", data.shape, "int8", scale, (zero,) * len(scale), data=data)


def gather(indices: list[list[int]], batch: int = 1) -> Draw:
    at = ints("at", indices)
    return Draw(
        "GATHER", [Tensor("x", X), at], [Tensor("y", at.shape)], 23, {0: ("i", 1), 1: ("i", batch)}
    )


def one_hot(depth: Tensor, axis: int = -1) -> Draw:
    sides = [Tensor(n, (), data=np.float32(v)) for n, v in (("on", 1), ("off", 0))]
    return Draw(
        "ONE_HOT", [Tensor("i", (2,), "int32"), depth, *sides], [Tensor("y", (2, 4))], 61,
        {0: ("i", axis)},
    )  # fmt: skip


def scatter(at: list[list[int]], x: Tensor) -> Draw:
    result = Tensor("y", (4, 3), x.type, x.scale, x.zero)
    return Draw("SCATTER_ND", [ints("at", at), x, ints("s", [4, 3])], [result], 97)


def product(x: Tensor, w: Tensor, y: Tensor) -> Draw:
    return Draw("BATCH_MATMUL", [x, w], [y], 101, {})


_ONES = np.ones((3, 2), np.int8)
REFUSALS: dict[str, tuple[Callable[[], Draw], str]] = {
    "scales of a division": (
        lambda: Draw("DIV", [int8("x"), int8("b")], [int8("y")], 29, {}), "int8[2, 3]; supported"
    ),
    "sums of two scales": (
        lambda: Draw("NEG", [int8("x")], [int8("y", scale=0.2)], 42), "it makes"
    ),
    "a zero point of NEG": (
        lambda: Draw("NEG", [int8("x", zero=3)], [int8("y", zero=3)], 42), "it makes"
    ),
    "a norm of another scale": (
        lambda: Draw("L2_NORMALIZATION", [int8("x")], [int8("y")], 12), "expected scale 1/128"
    ),
    "logarithms of another scale": (
        lambda: Draw("LOG_SOFTMAX", [int8("x")], [int8("y")], 36), "expected scale 1/16"
    ),
    "factors of 16 bits": (
        lambda: Draw("PRELU", [int16("x"), int16("a")], [int16("y")]), "expected int8"
    ),
    "infinite powers": (
        lambda: Draw("EXP", [int16("x", 0.1)], [int16("y")], 33), "no numbers"
    ),
    "a narrow range": (
        lambda: Draw(
            "FAKE_QUANT", [Tensor("x", X)], [Tensor("y", X)], 58,
            {0: ("f", -1.0), 1: ("f", 1.0), 2: ("i", 8), 3: ("b", 1)},
        ),
        "narrow",
    ),
    "a range without zero": (
        lambda: Draw(
            "FAKE_QUANT", [Tensor("x", X)], [Tensor("y", X)], 58,
            {0: ("f", 1.0), 1: ("f", 2.0), 2: ("i", 8)},
        ),
        "8 bits from 1.0 to 2.0",
    ),
    "a row beyond": (lambda: gather([[0], [3]]), "leave 3 places"),
    "batches of two lengths": (lambda: gather([[0], [1], [2]]), "1 batch dimensions"),
    "more batches than axes": (lambda: gather([[0], [1]], batch=2), "2 batch dimensions"),
    "an unknown depth": (lambda: one_hot(Tensor("d", (), "int32")), "not known before it runs"),
    "a far axis": (lambda: one_hot(ints("d", 4), 3), "axis 3 and depth 4"),
    "no depth": (lambda: one_hot(ints("d", 0)), "depth 0"),
    "a place beyond": (lambda: scatter([[0], [4]], Tensor("x", X)), "indices of shape [2, 1]"),
    "quantised sums": (lambda: scatter([[1], [1]], int8("x")), "it adds int8"),
    "too few updates": (lambda: scatter([[1]], Tensor("x", X)), "float32[2x3] for indices"),
    "too many sums": (
        lambda: Draw(
            "SCATTER_ND", [ints("at", [[1], [1]]), Tensor("x", (2, 1)), ints("s", [40000, 1])],
            [Tensor("y", (40000, 1))], 97,
        ),
        "2 rows meet in one of 40000 places",
    ),
    "lengths of other batches": (
        lambda: Draw(
            "REVERSE_SEQUENCE", [Tensor("x", X), ints("n", [1, 1, 1])], [Tensor("y", X)], 87,
            {0: ("i", 1), 1: ("i", 0)},
        ),
        "lengths for float32[2x3], axis 0",
    ),
    "a shift of two shapes": (
        lambda: Draw(
            "ADD", [int16("x", 0.5), Tensor("b", (3,), "int16", (0.5,), (0,))], [int16("y", 0.5)],
            11, {0: ("b", 0)},
        ),
        "operands of one shape",
    ),
    "a segment left out": (
        lambda: Draw(
            "SEGMENT_SUM", [Tensor("x", X), ints("s", [0, 2])], [Tensor("y", (3, 3))], 100
        ),
        "segments [0, 2]",
    ),
    "a diagonal too long": (
        lambda: Draw(
            "MATRIX_SET_DIAG", [Tensor("x", X), Tensor("d", (3,))], [Tensor("y", X)], 90
        ),
        "on the diagonals",
    ),
    "a part too large": (
        lambda: Draw(
            "DYNAMIC_UPDATE_SLICE",
            [Tensor("x", X), Tensor("p", (2, 4)), ints("at", [0, 0])], [Tensor("y", X)], 117,
        ),
        "into float32[2x3]",
    ),
    "batches in dynamic range": (
        lambda: product(Tensor("x", (2, 2, 2, 3)), matrix(_ONES), Tensor("y", (2, 2, 2, 2))),
        "two batch axes",
    ),
    "a zero point in dynamic range": (
        lambda: product(Tensor("x", X), matrix(_ONES, zero=1), Tensor("y", (2, 2))),
        "zero point 0",
    ),
    "matrices that do not fit": (
        lambda: product(int8("x", (2, 4)), matrix(_ONES), int8("y", (2, 2))), "it multiplies"
    ),
    "too deep a product": (
        lambda: product(
            int8("x", (1, 40000)), int8("w", (40000, 1)), int8("y", (1, 1))
        ),
        "40000 products",
    ),
    "sums of too many": (
        lambda: Draw(
            "SUM", [int8("x", (40000, 2)), ints("a", [0])], [int8("y", (2,))], 27, {}
        ),
        "it sums 40000 numbers",
    ),
    "a window of billions of places": (
        lambda: Draw(
            "MAX_POOL_2D", [Tensor("x", (1, 2, 2, 1))], [Tensor("y", (1, 2, 2, 1))], 5,
            {0: ("b", 0), 1: ("i", 1), 2: ("i", 1), 3: ("i", 2**31 - 1), 4: ("i", 2**31 - 1)},
        ),
        "a window (2147483647, 2147483647)",
    ),
    "computed weights of 16 bits": (
        lambda: Draw("FULLY_CONNECTED", [int16("x"), int16("w")], [
            Tensor("y", (2, 2), "int16", (0.1,), (0,))], 8, {}),
        "computed",
    ),
}  # fmt: skip


def refused(file: File, folder: Path) -> UserError:
    path = folder / "net.tflite"
    path.write_bytes(file.bytes())
    with pytest.raises(UserError) as e:
        convert(path, "net", "litert")
    return e.value


def custom(names: list[str]) -> File:
    """One operator of each name, and another of each."""
    tensors = [Tensor("x", X), *(Tensor(f"y{i}", X) for i, _ in enumerate(names * 2))]
    operators = [
        Operator(tflites.CUSTOM, (0,), (i + 1,), custom=n) for i, n in enumerate(names * 2)
    ]
    return File(tensors, operators)


def test_operators_that_are_not_known_are_counted_by_kind(tmp_path: Path) -> None:
    said = refused(custom([f"Own{i}" for i in range(40)]), tmp_path)
    assert said.code == "import.tflite.op"
    assert said.message == (
        "Not supported: operator Own0 (node 0, 'y0') of float32 and 1 more; "
        "operator Own1 (node 1, 'y1') of float32 and 1 more; "
        "operator Own2 (node 2, 'y2') of float32 and 1 more; 37 kinds more."
    )
    assert said.hint == "`tinsmith kinds ops tflite` lists what is read."


def test_a_loop_of_keras_names_both_ways_out(tmp_path: Path) -> None:
    """LSTM and GRU as Keras 3 and the converter write them."""
    file = custom(["Other"])
    file.operators.append(Operator(NAMES.index("WHILE"), (0,), (1,)))
    said = refused(file, tmp_path)
    assert said.code == "import.tflite.op" and "operator WHILE (node 2, 'y0')" in said.message
    assert "`unroll=True`" in said.hint and "`.keras` file" in said.hint


LONG = "a_name_that_goes_on_/" * 190
LONG_REFUSALS: dict[str, Callable[[], File]] = {
    "operators of long names": lambda: custom([f"{i}{LONG}" for i in range(50)]),
    "tensors of long names": lambda: Draw(
        "ADD", [Tensor(LONG, X), Tensor(LONG, X, "int32")], [Tensor(LONG, X)], 11, {}
    ).file(),
    "many results": lambda: Draw(
        "NEG", [Tensor("x", X)], [Tensor(f"{i}{LONG}", X) for i in range(900)], 42
    ).file(),
    "a shape of many": lambda: Draw(
        "NEG", [Tensor("x", (1,) * 1000)], [Tensor("y", X)], 42
    ).file(),
    "long lists of numbers": lambda: Draw(
        "PAD", [Tensor("x", X), ints("sides", [-1] * 5000)], [Tensor("y", X)], 22
    ).file(),
    "many starts": lambda: Draw(
        "SLICE", [Tensor("x", X), ints("b", [7] * 5000), ints("n", [7] * 5000)],
        [Tensor("y", X)], 48,
    ).file(),
}  # fmt: skip


@pytest.mark.parametrize("what", [*LONG_REFUSALS, *REFUSALS])
def test_a_refusal_is_five_lines_at_most(what: str, tmp_path: Path) -> None:
    """Of 100 characters, with the file's name in front."""
    file = LONG_REFUSALS[what]() if what in LONG_REFUSALS else REFUSALS[what][0]().file()
    said = refused(file, tmp_path)
    assert "\n" not in said.message + said.hint
    shown = (f"tinsmith: net.tflite: {said.message}", f"  {said.hint}")
    assert sum(-(-len(text) // 100) for text in shown) <= 5


@pytest.mark.parametrize("what", REFUSALS)
def test_refusals_say_why(what: str, tmp_path: Path) -> None:
    make, words = REFUSALS[what]
    draw = make()
    path = tmp_path / "net.tflite"
    path.write_bytes(draw.file().bytes())
    with pytest.raises(UserError) as e:
        convert(path, "net", "litert")
    assert e.value.code == "import.tflite.op", e.value
    assert f"operator {draw.kind} (node 0, 'y')" in e.value.message
    assert words in e.value.message, e.value
