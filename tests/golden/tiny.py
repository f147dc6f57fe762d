"""Three tiny graphs and what the compiler makes of them: text form and generated C.

``python tests/golden/tiny.py`` (``make golden``) rewrites the committed files; the diff is then
part of the review.
"""

from pathlib import Path

import numpy as np

from tinsmith.codegen.compile import compile_graph
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.ops.rfft_power import twiddles
from tinsmith.ir.text import to_text
from tinsmith.ir.types import Quant, TensorType

FOLDER = Path(__file__).parent / "generated"


def network() -> Graph:
    """A float classifier."""
    b = Builder("network")
    x = b.input("features", TensorType((1, 4), "float32"))
    b.stage = "standardise"
    x = b.op("sub", x, b.constant("mean", np.float32([1, 2, 3, 4])), name="standardise_sub")
    b.stage = "dense_0"
    w = b.constant("dense_0_weight", np.arange(12, dtype=np.float32).reshape(3, 4) / 8)
    x = b.op("dense", x, w, b.constant("dense_0_bias", np.float32([0, -1, 1 / 3])), name="dense_0")
    b.stage = "softmax"
    return b.build([b.op("softmax", x, name="probabilities")])


def layer8() -> Graph:
    """A quantised layer between a quantize and a dequantize."""
    b = Builder("layer8", "quantised")
    x = b.input("x", TensorType((1, 3), "float32"))
    q = b.op("quantize", x, quant=Quant((0.05,), (-3,)), name="x_int8")
    w = np.int8([[1, -2, 3], [127, 0, -127]])
    weight = b.constant("weight", w, Quant((0.01, 0.02), (0, 0), 0))
    acc = b.op("dense", q, weight, b.constant("bias", np.int32([100, -100])), name="sums")
    scales = [b.constant("multiplier", np.int32([1 << 30, 3 << 29])),
              b.constant("shift", np.int32([-6, -5]))]  # fmt: skip
    attrs = {"rounding": "single", "zero_point": 5, "act_min": 5, "act_max": 127}
    y = b.op("requantize", acc, *scales, quant=Quant((0.1,), (5,)), name="y_int8", **attrs)
    return b.build([b.op("dequantize", y, name="y")])


def filter2() -> Graph:
    """Two states, scratch, and an input that is passed through."""
    b = Builder("filter2")
    x = b.input("x", TensorType((1, 4), "float32"))
    b.stage = "filter"
    low = b.state("low", np.float32([[0, 0, 0, 0]]))
    before = b.state("before", np.float32([[1, -1, 0.5, 0]]))
    half = b.constant("half", np.float32([0.5]))
    now = b.op("mul", b.op("add", x, low, name="sum"), half, name="smooth")
    b.update(low, now)
    b.update(before, x)
    change = b.op("sub", now, before, name="change")
    b.stage = "spectrum"
    table = b.constant("twiddles", twiddles(4))
    return b.build([b.op("rfft_power", change, table, name="power"), x])


def generated() -> dict[str, str]:
    """Relative path -> text, for all three; kernels are left out, they are files of ours."""
    files = {}
    for graph, board in ((network(), "nucleo_l4r5zi"), (layer8(), "rpi_pico"), (filter2(), "host")):
        module = compile_graph(graph, board)
        own = {k: v for k, v in module.sources.items() if not k.startswith("kernels/")}
        own["lowered.txt"] = to_text(module.graph)
        files |= {f"{graph.name}/{path}": text for path, text in own.items()}
    return files


def write(folder: Path) -> None:
    """Bring the committed files up to date, removing what is no longer generated."""
    files = generated()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if str(path.relative_to(folder)) not in files:
            path.unlink()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(FOLDER)
