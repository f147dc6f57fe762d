"""Every block x its cases: the lowered graph agrees with the float64 oracle; names, alternatives
and parameters hold what `Block` promises."""

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.dsp.block import BLOCKS, Block, BlockCase, Signal
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr, Graph
from tinsmith.ir.interp import Interpreter
from tinsmith.ir.rules import verify
from tinsmith.ir.types import TensorType

CASES = [
    pytest.param(block, case, id=f"{block.name}-{name}")
    for block in BLOCKS.all()
    for name, case in block.cases.items()
]
every_case = pytest.mark.parametrize(("block", "case"), CASES)
every_block = pytest.mark.parametrize("block", list(BLOCKS.all()), ids=lambda b: b.name)


def lowered(block: Block, signal: Signal, params: dict[str, Attr]) -> Graph:
    b = Builder(block.name)
    b.stage = block.name
    x = b.input("x", TensorType((signal.samples, len(signal.channels)), "float32"))
    return b.build([block.lower(b, x, signal, params)])


def result(block: Block, case: BlockCase, params: dict[str, Attr]) -> np.ndarray:
    graph = lowered(block, case.signal, params)
    verify(graph)
    return Interpreter(graph).run({"x": case.values})[graph.outputs[0]]


@every_case
def test_lowered_graph_equals_oracle(block: Block, case: BlockCase) -> None:
    params = block.complete(case.params)
    got = result(block, case, params)
    want = block.oracle(case.values, case.signal, params)
    assert got.shape == want.shape
    assert got.dtype == np.float32
    assert np.abs(got - want).max() <= block.tolerance * np.abs(want).max()


@every_case
def test_every_feature_has_a_name(block: Block, case: BlockCase) -> None:
    params = block.complete(case.params)
    names = block.names(case.signal, params)
    assert len(set(names)) == len(names) == len(result(block, case, params))


@every_case
def test_alternatives_are_legal_and_differ(block: Block, case: BlockCase) -> None:
    params = block.complete(case.params)
    others = list(block.alternatives(case.signal, params))
    offers = block.alternatives is not Block.__dataclass_fields__["alternatives"].default
    assert bool(others) == (offers and bool(block.params))  # a block need not offer any
    for other in others:
        assert block.complete(other) == other
        assert other != params
        assert result(block, case, dict(other)).shape == result(block, case, params).shape


@every_block
def test_cases_start_from_finite_values(block: Block) -> None:
    assert block.cases
    for case in block.cases.values():
        assert case.values.shape == (case.signal.samples, len(case.signal.channels))
        assert np.isfinite(case.values).all()


@every_block
def test_unknown_parameters_are_refused(block: Block) -> None:
    with pytest.raises(UserError, match="has no parameter 'colour'"):
        block.complete({"colour": 1})


@every_block
def test_defaults_are_allowed_and_documented(block: Block) -> None:
    defaults = {p.name: p.default for p in block.params}
    assert block.complete(defaults) == block.complete({}) == defaults
    assert all(p.doc for p in block.params)
