"""Integer ONNX models have a judge on every processor; ONNX Runtime is one where it is exact."""

import numpy as np
import pytest
from onnx import helper
from onnx_judges import (
    PRODUCTS,
    by_definition,
    by_runtime,
    by_saturating_pairs,
    is_exact,
    judges,
    probes,
    runtime_is_exact,
)
from onnxes import info, model

SUM = 8 * 255 * 127
"""Of the probe of uint8 and int8; in saturating pairs 4 * 32,767."""


def test_the_probe_finds_products_that_saturate() -> None:
    (saturated,) = by_saturating_pairs(*probes()[1])
    assert (saturated == 4 * 32767).all() and not is_exact(by_saturating_pairs)
    assert (by_definition(*probes()[1])[0] == SUM).all() and is_exact(by_definition)


def test_the_runtime_is_exact_or_saturates() -> None:
    """Why ONNX Runtime may not be asked is this and nothing else."""
    (found,) = by_runtime(*probes()[1])
    assert (found == SUM).all() or (found == 4 * 32767).all()
    assert runtime_is_exact() <= bool((found == SUM).all())


def node(kind: str, domain: str = "") -> object:
    made = helper.make_node(kind, ["x"], ["y"], domain=domain)
    return model([made], [info("x", [2])], [info("y", [2])])


@pytest.mark.parametrize("kind", sorted(PRODUCTS))
def test_products_are_always_judged(kind: str) -> None:
    assert list(judges(node(kind), exact=False)) == ["definition"]
    assert list(judges(node(kind), exact=True)) == ["definition", "ONNX Runtime"]


def test_what_adds_up_no_products_of_bytes_is_held_to_the_runtime_everywhere() -> None:
    for kind in ("QLinearAdd", "DequantizeLinear", "Conv"):
        assert len(judges(node(kind), exact=False)) == 2


def test_the_definition_of_a_layer_by_hand() -> None:
    """QGemm: (2 - 1) * 0.5 * 4 * [0.25, 0.5] + 6 * 0.5 * [0.25, 0.5], in steps of 0.25 from 3."""
    names = ["x", "s", "z", "w", "v", "o", "c", "t", "u"]
    made = helper.make_node("QGemm", names, ["y"], domain="com.microsoft", transB=1)
    held = {
        "s": np.float32(0.5), "z": np.uint8(1), "w": np.int8([[4], [4]]),
        "v": np.float32([0.25, 0.5]), "o": np.zeros(2, np.int8), "c": np.int32([6, 6]),
        "t": np.float32(0.25), "u": np.uint8(3),
    }  # fmt: skip
    inputs, outputs = [info("x", [1, 1], "uint8")], [info("y", [1, 2], "uint8")]
    whole = model([made], inputs, outputs, held, com_microsoft=1)
    (y,) = by_definition(whole, {"x": np.uint8([[2]])})
    np.testing.assert_array_equal(y, np.uint8([[3 + 5, 3 + 10]]))
