"""Write the signatures of PyTorch's operations, which exported programs leave defaults out of.

    python scripts/torch_schemas.py src/tinsmith/importers/torch/signatures.txt

One line per operation: ``aten.max_pool2d.default(self, kernel_size, stride=[], ...)``; what follows
``*`` is given by name only; defaults are JSON. Source: the schemas that PyTorch registers
(aten/src/ATen/native/native_functions.yaml). Needs torch.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

_LEFT_OUT = re.compile(
    r"^[A-Z]|__contains__|__getitem__|_foreach|_fused|_nested|_cslt|_thnn|_sparse|_cufft|_cudnn"
    r"|_mkldnn|_mps|_test|_fw_|_make_|_scaled_dot_product_(?!attention)|_linalg|_amp|_segment"
    r"|_validate|_use_|_copy_from|cudnn|mkldnn|mkl|miopen|mps_|fbgemm|sparse|quantiz|q_per|qint"
    r"|fft_|special_|backward|jagged|random|bernoulli|autocast|rename|record_stream|_grad|sym_"
    r"|multinomial|rand|cauchy|geometric|poisson|exponential|dirichlet|_jvp|to_padded|_coalesce"
    r"|ccol|crow"
)
_OVERLOADS = re.compile(
    r"Dict_|names|dimname|generator|_out$|^(complex|str|bool|t|Device|list|Tensor_indices"
    r"|[a-z_]+_(str|complex|list))$|_deprecated|from_list|Sym"
)
"""Operations that no exported model holds: training, random numbers, other devices' own kernels."""


def line(schema: Any) -> str:
    """The line of one operation."""
    name = f"{schema.name.replace('::', '.')}.{schema.overload_name or 'default'}"
    parts: list[str] = []
    listed = False
    for argument in schema.arguments:
        if argument.kwarg_only and not listed:
            parts, listed = [*parts, "*"], True
        default = argument.default_value if argument.has_default_value() else ...
        text = "" if default is ... else f"={json.dumps(default, separators=(',', ':'))}"
        parts.append(f"{argument.name}{text}")
    return f"{name}({', '.join(parts)})"


def wanted(schema: Any) -> bool:
    """Whether it is an operation on tensors that an exported model may hold."""
    name = schema.name.removeprefix("aten::")
    tensors = any("Tensor" in str(a.type) for a in (*schema.arguments, *schema.returns))
    return (
        schema.name.startswith("aten::") and tensors
        and not any(a.is_out for a in schema.arguments)
        and not _LEFT_OUT.search(name) and not _OVERLOADS.search(schema.overload_name)
    )  # fmt: skip


def main() -> None:
    """Write the file that is named on the command line."""
    import torch

    found = {line(s) for s in torch._C._jit_get_all_schemas() if wanted(s)}
    Path(sys.argv[1]).write_text("\n".join(sorted(found)) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
