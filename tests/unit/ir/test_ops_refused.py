"""What recurrent, normalising and looking-up operations refuse, and True or False attributes."""

import pytest

from tinsmith.ir.graph import Attr
from tinsmith.ir.op import OPS, ShapeError
from tinsmith.ir.types import DType, Quant, TensorType


def t(*shape: int, dtype: DType = "float32", quant: Quant | None = None) -> TensorType:
    return TensorType(shape, dtype, quant)


Types = tuple[TensorType, ...]
SKEWED = Quant((0.1,), (3,))
PER_AXIS = Quant((0.1, 0.2, 0.3), (0, 0, 0), 1)
LSTM8: Types = (
    t(2, 1, 3, dtype="int8"), t(8, 3, dtype="int8"), t(8, 2, dtype="int8"), t(8, dtype="int32"),
    t(9, dtype="int32"), t(9, dtype="int32"), t(1, 2, dtype="int8"), t(1, 2, dtype="int16"),
)  # fmt: skip
CELL: dict[str, Attr] = {"cell_bits": 3, "cell_clip": 0, "zero_point": 0}
LSTM_ROWS: Types = (t(2, 1, 8), t(8, 2, dtype="int8"), t(4), t(1, 2), t(1, 2))
TANH: dict[str, Attr] = {"activation": 1}
Row = tuple[str, Types, dict[str, Attr]]
TAKEN: dict[str, Row] = {
    "lstm8": ("lstm8", LSTM8, CELL),
    "lstm8_table": ("lstm8", (*LSTM8, t(256, dtype="int16")), CELL),
    "lstm_rows": ("lstm_rows", LSTM_ROWS, TANH),
    "l2_norm": ("l2_norm", (t(2, 1 << 15, dtype="int8"),), {}),
    "lookup16": ("lookup16", (t(4, dtype="int16"), t(513, dtype="int16")), {}),
    "pairwise_coupling": ("pairwise_coupling", (t(2, 64 * 63 // 2),), {}),
}
REFUSED: dict[str, Row] = {
    "lstm8_operands": ("lstm8", LSTM8[:-1], CELL),
    "lstm8_table": ("lstm8", (*LSTM8, t(513, dtype="int16")), CELL),
    "lstm8_cell_dtype": ("lstm8", (*LSTM8[:-1], t(1, 2, dtype="int8")), CELL),
    "lstm8_weights_zero_point": (
        "lstm8", (LSTM8[0], t(8, 3, dtype="int8", quant=SKEWED), *LSTM8[2:]), CELL,
    ),
    "lstm8_weights_scales": (
        "lstm8", (LSTM8[0], t(8, 3, dtype="int8", quant=PER_AXIS), *LSTM8[2:]), CELL,
    ),
    "lstm8_cell_bits": ("lstm8", LSTM8, {**CELL, "cell_bits": 7}),
    "lstm8_cell_clip": ("lstm8", LSTM8, {**CELL, "cell_clip": 32768}),
    "lstm8_zero_point": ("lstm8", LSTM8, {**CELL, "zero_point": 128}),
    "lstm_rows_factor": ("lstm_rows", (*LSTM_ROWS[:2], t(2), *LSTM_ROWS[3:]), TANH),
    "lstm_rows_activation": ("lstm_rows", LSTM_ROWS, {"activation": 6}),
    "lstm_rows_clip": ("lstm_rows", LSTM_ROWS, {**TANH, "cell_clip": -1.0}),
    "l2_norm_rank": ("l2_norm", (t(3, dtype="int8"),), {}),
    "l2_norm_depth": ("l2_norm", (t(2, (1 << 15) + 1, dtype="int8"),), {}),
    "l2_norm_scales": ("l2_norm", (t(2, 3, dtype="int8", quant=PER_AXIS),), {}),
    "lookup16_table": ("lookup16", (t(4, dtype="int16"), t(512, dtype="int16")), {}),
    "pairwise_coupling_pairs": ("pairwise_coupling", (t(2, 4),), {}),
    "pairwise_coupling_classes": ("pairwise_coupling", (t(2, 65 * 64 // 2),), {}),
    "shift_left_float": ("shift_left", (t(3), t(3)), {}),
    "argmax_last": ("argmax", (t(2, 3),), {"axis": 0, "last": 1}),
    "cumsum_reverse": ("cumsum", (t(3),), {"axis": 0, "reverse": 1}),
    "topk_largest": ("topk", (t(3),), {"axis": 0, "k": 1, "largest": 0}),
    "avg_half_up": (
        "avg_pool2d", (t(1, 4, 4, 1),), {"stride": (1, 1), "size": (2, 2), "half_up": 1},
    ),
    "row_scales_asymmetric": ("row_scales", (t(2, 3),), {"asymmetric": 1}),
    "lstm_rows_asymmetric": ("lstm_rows", LSTM_ROWS, {**TANH, "asymmetric": 1}),
}  # fmt: skip


@pytest.mark.parametrize("row", TAKEN)
def test_operands_that_fit_are_taken(row: str) -> None:
    op, types, attrs = TAKEN[row]
    assert len(OPS.get(op).infer(types, attrs)) == 1


@pytest.mark.parametrize("row", REFUSED)
def test_operands_that_do_not_fit_are_refused(row: str) -> None:
    op, types, attrs = REFUSED[row]
    with pytest.raises(ShapeError, match=f"^{op}: "):
        OPS.get(op).infer(types, attrs)
