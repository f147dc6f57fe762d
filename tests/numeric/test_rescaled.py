"""Portable requantisation on its own: every rounding at its steps and at the ends of int32, values
widened, and widened and summed in one step; what is not exact is left to the reference."""

import numpy as np
import pytest
from firmwares import CACHE

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import compile_graph, lower
from tinsmith.codegen.select import possible
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr, Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import DType, Quant, TensorType

CORES = ("nucleo_l4r5zi", "rpi_pico", "esp32_c3", "nucleo_f103rb")
WHOLE: dict[str, Attr] = {
    "zero_point": 0, "act_min": -(2**31), "act_max": 2**31 - 1, "dtype": "int32",
}  # fmt: skip


def agree(graph: Graph, board: str, inputs: dict[str, np.ndarray]) -> set[str]:
    """The board makes what the interpreter does, by kernels of `plain` where it has some."""
    offers = possible(lower(graph), BOARDS.get(board).core).items()
    own = {n: [k for k in kernels if k.startswith("plain/")] for n, kernels in offers}
    choices = Choices({n: kernels[0] for n, kernels in own.items() if kernels})
    module = compile_graph(graph, board, choices=choices)
    firmware = build_image(module, BOARDS.get(board), "zig", BuildOptions(cache=CACHE))
    outcome = run(firmware, BOARDS.get(board), "unicorn", RunOptions(inputs, cache=CACHE))
    wanted = run_cases(graph, inputs)
    for name in graph.outputs:
        np.testing.assert_array_equal(outcome.outputs[name], wanted[name])
    return set(module.kernels.values())


def brought(
    b: Builder, x: str, factors: list[float], rounding: str, ends: tuple[int, int, int]
) -> str:
    m, s = multipliers(factors)
    name = f"y_{x}_{rounding}_{len(factors)}_{ends[2]}"
    operands = b.constant(f"m_{name}", m), b.constant(f"s_{name}", s)
    return b.op(
        "requantize", x, *operands, name=name, quant=Quant((0.1,), (ends[0],)),
        rounding=rounding, zero_point=ends[0], act_min=ends[1], act_max=ends[2],
    )  # fmt: skip


@pytest.mark.emulator
@pytest.mark.parametrize("board", CORES)
def test_sums_of_any_size_are_rounded_as_defined(board: str, rng: np.random.Generator) -> None:
    b = Builder("sums", "quantised")
    x = b.input("x", TensorType((40, 6), "int32"))
    factors = [float(f) for f in 2.0 ** -rng.uniform(2, 30, 6)]
    results = []
    for number, given in enumerate((factors, [factors[1]])):
        for rounding in ("double", "single"):
            ends = ((-3, -128, 127), (11, 11, 90))[number]
            results.append(brought(b, x, given, rounding, ends))
    graph = b.build(results)
    near = (np.arange(-20, 20)[:, None] + 0.5) / np.array(factors)
    drawn = np.stack([near, np.floor(near), rng.uniform(-(2**31), 2**31, near.shape)])
    drawn = np.clip(np.rint(drawn), -(2**31), 2**31 - 1).astype(np.int32)
    drawn[2, :2] = [[-(2**31)] * 6, [2**31 - 1] * 6]
    kernels = agree(graph, board, {"x": drawn})
    assert kernels == {"plain/requantize_int32"}


@pytest.mark.emulator
@pytest.mark.parametrize("board", CORES)
def test_whole_numbers_become_less_as_defined(board: str, rng: np.random.Generator) -> None:
    b, results = Builder("whole", "quantised"), []
    x = b.input("x", TensorType((60,), "int32"))
    for number, bits in enumerate((0, 0, 1, 7, 30)):
        m = 2**30 + (0, int(rng.integers(2**30)), 2**30 - 1)[number % 3]
        operands = (
            b.constant(f"m{number}", np.int32([m])), b.constant(f"s{number}", np.int32([-bits])),
        )  # fmt: skip
        results += [
            b.op("requantize", x, *operands, name=f"{r}{number}", rounding=r, **WHOLE)
            for r in ("double", "single")
        ]
    ends = [-(2**31), 2**31 - 1, -1, 0, 1]
    drawn = np.stack([rng.integers(-(2**31), 2**31, 60), np.arange(-30, 30) * 2**6 + 2**5])
    drawn[0, :5] = ends
    kernels = agree(b.build(results), board, {"x": drawn.astype(np.int32)})
    assert kernels == {"plain/requantize_whole_int32"}


def widened(b: Builder, x: str, name: str, bits: int, channels: int = 1) -> str:
    m, s = multipliers([2.0**bits] * channels)
    operands = b.constant(f"m_{name}", m), b.constant(f"s_{name}", s)
    return b.op("requantize", x, *operands, name=name, rounding="double", **WHOLE)


@pytest.mark.emulator
@pytest.mark.parametrize("board", CORES)
def test_values_are_widened_and_summed(board: str, rng: np.random.Generator) -> None:
    b, results, inputs = Builder("wide", "quantised"), [], {}
    types: list[tuple[DType, int]] = [("int8", -128), ("int8", 5), ("uint8", 255), ("uint8", 3)]
    for number, (dtype, zero) in enumerate(types):
        shape = tuple(int(n) for n in rng.integers(1, 8, 3))
        x = b.input(f"x{number}", TensorType(shape, dtype, Quant((0.1,), (zero,))))
        limits = np.iinfo(dtype)
        drawn = rng.integers(limits.min, limits.max + 1, (3, *shape)).astype(dtype)
        inputs[x] = drawn
        inputs[x][0], inputs[x][1] = limits.min, limits.max
        results.append(widened(b, x, f"w{number}", (0, 22)[number % 2], (1, shape[2])[number // 2]))
        wide = widened(b, x, f"v{number}", (0, 3, 20, 0)[number])
        if number % 2:
            wide = b.op("reshape", wide, shape=(shape[0] * shape[1], shape[2]), name=f"r{number}")
        axis = int(rng.integers(3 - number % 2))
        results.append(b.op("reduce_sum", wide, axis=axis, name=f"s{number}"))
    graph = b.build(results)
    kernels = agree(graph, board, inputs)
    assert kernels == {
        f"plain/{k}_{t}" for k in ("widen", "widened_sum") for t in ("int8", "uint8")
    }


@pytest.mark.emulator
@pytest.mark.parametrize("board", CORES)
def test_products_are_brought_to_eight_bits(board: str, rng: np.random.Generator) -> None:
    b, results, inputs = Builder("products", "quantised"), [], {}
    shapes = [((5, 4, 6), (5, 4, 6)), ((1, 6), (4, 6)), ((4, 6), (4, 1)), ((7,), ()), ((3, 5), ())]
    for number, pair in enumerate(shapes):
        wide = []
        for side, shape in enumerate(pair):
            quant = Quant((0.1,), (int(rng.choice([-128, 127, 3])),))
            name, wanted = f"x{number}{side}", (number, side)
            if wanted in ((2, 1), (3, 1)):  # constants; the second is no int8
                known = rng.integers(-255, 0, shape) if number == 2 else np.array(-255)
                wide.append(b.constant(name, known.astype(np.int32)))
                continue
            x = b.input(name, TensorType(shape, "int8", quant))
            inputs[x] = rng.integers(-128, 128, (4, *shape)).astype(np.int8)
            inputs[x][0], inputs[x][1] = -128, 127
            wide.append(widened(b, x, f"w{number}{side}", 0))
        made = b.op("mul", *wide, name=f"p{number}")
        rounding, ends = ("double", "single")[number % 2], (-3, -128, 127)
        factor = float(rng.uniform(1e-3, 1e-2)) if number else 0.4999
        results.append(brought(b, made, [factor], rounding, ends))
    kernels = agree(b.build(results), board, inputs)
    assert kernels == {"plain/mul_int8"}


def test_a_product_that_no_kernel_takes_is_computed_in_parts() -> None:
    b = Builder("apart", "quantised")
    x, y = (b.input(n, TensorType((4,), "int8", Quant((0.1,), (0,)))) for n in "xy")
    made = b.op("mul", widened(b, x, "v", 1), widened(b, y, "w", 0), name="p")
    graph = b.build([brought(b, made, [0.01], "double", (0, -128, 127))])
    module = compile_graph(graph, "rpi_pico")
    assert sorted(module.kernels.values()) == [
        "plain/requantize_int32", "plain/widen_int8", "plain/widen_int8", "ref/mul_int32",
    ]  # fmt: skip


def test_a_mean_needs_no_copy_of_its_operand() -> None:
    """The memory of a global mean is its operand's."""
    b = Builder("mean", "quantised")
    x = b.input("x", TensorType((1, 16, 16, 8), "int8", Quant((0.1,), (4,))))
    wide = b.op("reshape", widened(b, x, "w", 0), shape=(256, 8))
    total = b.op("reshape", b.op("reduce_sum", wide, axis=0), shape=(1, 8))
    graph = b.build([brought(b, total, [1 / 256], "double", (4, -128, 127))])
    module = compile_graph(graph, "nucleo_l4r5zi")
    assert set(module.kernels.values()) == {"plain/widened_sum_int8", "plain/requantize_int32"}
    assert module.plan.arena_bytes < 1.1 * 16 * 16 * 8


def offers(x: TensorType, factors: list[float], **attrs: Attr) -> set[str]:
    b = Builder("one", "quantised")
    m, s = multipliers(factors)
    operands = b.input("x", x), b.constant("m", m), b.constant("s", s)
    y = b.op("requantize", *operands, quant=Quant((0.1,), (0,)), **attrs)
    found = possible(lower(b.build([y])), BOARDS.get("rpi_pico").core)
    return {k for kernels in found.values() for k in kernels} - {f"ref/requantize_{x.dtype}"}


def test_what_is_not_exact_is_left_to_the_reference() -> None:
    narrow: dict[str, Attr] = {
        "zero_point": 0, "act_min": -128, "act_max": 127, "rounding": "double",
    }  # fmt: skip
    sums = TensorType((3, 2), "int32")
    assert offers(sums, [0.24], **narrow) == {"plain/requantize_int32"}
    assert not offers(sums, [0.24, 0.26], **narrow)  # a factor above one quarter
    assert not offers(sums, [0.24], **{**narrow, "rounding": "onnx"})
    x = TensorType((3, 2), "int8", Quant((0.1,), (9,)))
    wide: dict[str, Attr] = {**WHOLE, "rounding": "double"}
    assert offers(x, [4.0], **wide) == {"plain/widen_int8"}
    assert not offers(x, [4.0, 8.0], **wide)
    assert not offers(x, [3.0], **wide) and not offers(x, [0.5], **wide)
    assert not offers(x, [2.0**23], **wide)
    assert not offers(x, [4.0], **{**wide, "act_max": 2**30})
