"""What all tests share: options, seeds, tools, the shared data and the size of campaigns.

--seed N|random     seed of every test's generator (printed in the header)
--require-tools     a missing tool or missing shared data is a failure, not a skip
--campaign SHARE    run the tests marked slow at this share (0..1] of their full size
"""

import json
import math
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from compilers import lacks
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
TOOLS = (
    "git", "gcc", "g++", "cmake", "arm-none-eabi-gcc", "qemu-system-arm", "qemu-system-riscv32",
    "chromium",
)  # fmt: skip
PARTS = {"gcc": "stdio.h", "g++": "cstdio", "arm-none-eabi-gcc": "stdio.h"}
"""Compilers that Debian can install without their C library, and a header of it."""
MODULES = ("capstone", "h5py", "keras", "scipy", "sklearn", "torch", "unicorn", "wasmtime")
"""Without these some tests are skipped."""


settings.register_profile(
    "tinsmith", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # a loaded machine is no failure
settings.load_profile("tinsmith")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tinsmith")
    group.addoption("--seed", default="1", help="integer, or 'random'")
    group.addoption("--require-tools", action="store_true", help="missing tools are failures")
    group.addoption("--campaign", type=share, default=None, help="share of full size, 0 < s <= 1")
    group.addoption("--resume", action="store_true", help="go on with an interrupted campaign")


def share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise ValueError("a share lies above 0 and is at most 1")
    return value


def pytest_configure(config: pytest.Config) -> None:
    wanted = config.getoption("--seed")
    random = int.from_bytes(os.urandom(4), "little")
    config.stash[SEED] = random if wanted == "random" else int(wanted)
    missing = _missing_tools()
    missing += [module for module in MODULES if find_spec(module) is None]
    if config.getoption("--require-tools") and missing:
        raise pytest.UsageError(f"--require-tools: missing on this machine: {', '.join(missing)}")


def pytest_report_header(config: pytest.Config) -> str:
    names = ", ".join(_missing_tools()) or "none"
    return f"tinsmith: --seed {config.stash[SEED]}, missing tools: {names}, shared: {_shared()}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    mark = pytest.mark.skip(reason="slow: give --campaign SHARE (make check, make prove-all)")
    done = pytest.mark.skip(reason="resumed: passed at full size on this commit and seed")
    resume = config.getoption("--resume")
    for item in items:
        if {"require_tool", "shared"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("tool")
        if item.get_closest_marker("slow") and config.getoption("--campaign") is None:
            item.add_marker(mark)
        elif resume and config.cache.get(_proved(item), False):
            item.add_marker(done)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Any:
    report = yield
    full = item.config.getoption("--campaign") == 1 and item.get_closest_marker("slow")
    if full and report.when == "call" and report.passed and "dirty" not in _commit():
        item.config.cache.set(_proved(item), True)
    return report


def _proved(item: pytest.Item) -> str:
    """A key per test, as several processes write them."""
    name = f"{crc32(item.nodeid.encode()):08x}"
    return f"tinsmith/proved/{_commit()}-{item.config.stash[SEED]}/{name}"


SEED = pytest.StashKey[int]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """A shell that starts the tests in the background has Ctrl-C ignored, and so would every child
    be; tests of Ctrl-C need the usual behaviour."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """A generator of the test's own: independent of the order in which tests run."""
    seed = request.config.stash[SEED]
    return np.random.default_rng([seed, crc32(request.node.nodeid.encode())])


@pytest.fixture(scope="session")
def require_tool(request: pytest.FixtureRequest) -> Callable[..., str]:
    """``require_tool("qemu-system-arm")``: its path; skips by name (fails with --require-tools).
    ``require_tool("arm-none-eabi-gcc", "stdio.h")``: a compiler that has this header; gcc and g++
    are asked for their C library always, and CMake for a compiler, as tests link with them."""

    def ask(name: str, header: str | None = None) -> str:
        if name == "cmake":
            ask("gcc")
        path = _require(request.config, name, shutil.which(name))
        header = header or (PARTS[name] if name in ("gcc", "g++") else None)
        if header and lacks(path, header):
            _require(request.config, f"{header} of {name}", None)
        return path

    return ask


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest) -> Path:
    """The folder of shared data and models, TINSMITH_SHARED or ../shared beside the
    repository."""
    found = _shared()
    path = str(found) if found.is_dir() else None
    return Path(_require(request.config, f"shared data ({found})", path))


@pytest.fixture(scope="session")
def campaign(request: pytest.FixtureRequest) -> Callable[..., int]:
    """``campaign(1000)``: how many of 1000 cases to run at this share; at least ``least``."""
    part = request.config.getoption("--campaign") or 0.01
    return lambda full, least=1: min(full, max(least, math.ceil(full * part)))


@pytest.fixture(scope="session")
def record_result(request: pytest.FixtureRequest) -> Callable[[str, Any], None]:
    """``record_result(name, figures)``: at full size, write benchmarks/results/<name>.json with
    commit and seed; at a smaller share nothing is written, so that samples never pass for
    results."""
    if request.config.getoption("--campaign") != 1:
        return lambda name, figures: None
    return lambda name, figures: _write_result(request.config, name, figures)


def _write_result(config: pytest.Config, name: str, figures: Any) -> None:
    body = {"commit": _commit(), "seed": config.stash[SEED], "figures": figures}
    path = ROOT / "benchmarks" / "results" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(body, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _commit() -> str:
    """The commit; ``-dirty`` where files other than results differ from it."""
    head = _git("rev-parse", "--short=12", "HEAD") or "unknown-dirty"
    changed = _git("status", "--porcelain", "--", ".", ":(exclude)benchmarks/results")
    return f"{head}-dirty" if changed else head


def _missing_tools() -> list[str]:
    """Tools that are not there, and parts of those that are half there."""
    found = {tool: shutil.which(tool) for tool in TOOLS}
    missing = [tool for tool, path in found.items() if path is None]
    halves = ((path, tool, PARTS[tool]) for tool, path in found.items() if path and tool in PARTS)
    return missing + [f"{part} of {tool}" for path, tool, part in halves if lacks(path, part)]


def _git(*arguments: str) -> str:
    if shutil.which("git") is None:
        return ""
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _shared() -> Path:
    return Path(os.environ.get("TINSMITH_SHARED") or ROOT.parent / "shared")


def _require(config: pytest.Config, what: str, found: str | None) -> str:
    if found is None and config.getoption("--require-tools"):
        pytest.fail(f"{what} is not there and --require-tools is given")
    if found is None:
        pytest.skip(f"{what} is not there")
    return found
