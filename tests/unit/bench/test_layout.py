"""Tensors in the arena as bytes and back."""

import numpy as np
from firmwares import inputs, mixed

from tinsmith.bench.layout import pack_inputs, slots, step_slots, unpack
from tinsmith.bench.outcome import RunOptions


def test_slots_follow_the_plan_and_the_steps() -> None:
    module = mixed("host")
    (x,) = slots(module, module.graph.inputs)
    assert (x.offset, x.nbytes, x.step) == (module.plan.places["x"].offset, 48, -1)
    assert [s.name for s in step_slots(module)] == [n.outputs[0] for n in module.graph.nodes]
    assert [s.step for s in step_slots(module)] == list(range(len(module.graph.nodes)))


def test_bytes_are_little_endian_case_by_case_and_padded() -> None:
    module, x = mixed("host"), inputs(2)
    one, two = pack_inputs(module, RunOptions(x), pad=64)
    assert len(one) == len(two) == 64
    np.testing.assert_array_equal(np.frombuffer(two[:48], "<f4"), x["x"][1].ravel())
    big = {"x": x["x"].astype(">f4")}
    assert pack_inputs(module, RunOptions(big), pad=64) == [one, two]


def test_unpacking_inverts_packing() -> None:
    module, x = mixed("host"), inputs(3)
    rows = pack_inputs(module, RunOptions(x))
    found = unpack(module, slots(module, module.graph.inputs), rows)
    np.testing.assert_array_equal(found["x"], x["x"])
    assert found["x"].dtype == np.float32
