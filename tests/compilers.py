"""Compilers of the system: a compiler can be there without its C library."""

import os
import subprocess
from functools import cache


@cache
def lacks(compiler: str, header: str) -> bool:
    """Whether a header is missing to a compiler, as stdio.h is to gcc-arm-none-eabi without
    newlib."""
    language = "c++" if compiler.endswith("++") else "c"
    command = [compiler, "-E", "-x", language, "-include", header, os.devnull]
    return subprocess.run(command, capture_output=True, check=False).returncode != 0
