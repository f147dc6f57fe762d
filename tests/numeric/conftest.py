"""Kernels compiled for this computer, once per set of flags."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tinsmith.testing.kernels import HostKernels, compile_kernels


@pytest.fixture(scope="session")
def kernel_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where kernels are compiled; zig's cache lies there too."""
    return tmp_path_factory.mktemp("kernels")


@pytest.fixture(scope="session")
def host_kernels(kernel_folder: Path) -> Callable[..., HostKernels]:
    """``host_kernels("-O2", "-std=c99")``."""
    return cache(lambda *flags: compile_kernels(kernel_folder, flags))
