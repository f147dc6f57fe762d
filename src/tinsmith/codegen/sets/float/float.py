"""Float32 layers on cores with an FPU: many sums side by side, each in the declared order."""

from collections.abc import Callable, Mapping, Sequence

from tinsmith.codegen.kernel_set import Binding, KernelSet, Use
from tinsmith.codegen.sets.float._layers import Layer, conv2d, dense, depthwise, layer_of
from tinsmith.codegen.sets.ref import single
from tinsmith.ir.op import OPS

LAYERS: Mapping[str, Callable[[Layer], Sequence[Binding]]] = {
    "conv2d": conv2d,
    "dense": dense,
    "depthwise_conv2d": depthwise,
}
"""Operation, alone or with a rectifier or two bounds behind it -> its kernels."""


SAME = (
    "add", "avg_pool2d", "mul", "quantize_rows", "relu", "row_scales", "scale_rows", "sqrt", "sub",
)  # fmt: skip
"""Operations whose kernels take what those of `ref` take."""


def bind(use: Use) -> Sequence[Binding]:
    """A float32 layer, alone or with what follows it; what becomes of its values."""
    if use.op in SAME:
        return _same(use)
    layer = layer_of(use)
    return LAYERS[layer.op](layer) if layer and layer.op in LAYERS else []


def _same(use: Use) -> Sequence[Binding]:
    """As `ref` binds, in the same order of reads and writes."""
    floats = use.op == "scale_rows" or use.site.inputs[0].dtype == "float32"
    return single(OPS.get(use.op), use.site) if floats else []


SET = KernelSet("float", bind, needs=frozenset({"fpu"}), rank=5)
