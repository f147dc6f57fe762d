"""What kernels need of the compiler's library on a core: without an FPU one product of floats is a
call, and what is linked for it is as large as a kernel, once for all kernels that call it. A table
that was measured is kept with the code (`codegen/cost_tables/runtime/<core>.json`, written by
`scripts/runtime.py`)."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

Library = Mapping[str, Mapping[str, int]]
"""Kernel (``<set>/<name>``) -> what is linked for it -> bytes."""


@cache
def library_of(core: str) -> Library:
    """The table of a core; empty where none was measured."""
    file = files("tinsmith.codegen").joinpath("cost_tables", "runtime", f"{core}.json")
    if not file.is_file():
        return {}
    table = json.loads(file.read_text(encoding="utf-8"))
    functions: Library = table["functions"]
    return {
        kernel: {name: n for called in names for name, n in functions[called].items()}
        for kernel, names in table["kernels"].items()
    }
