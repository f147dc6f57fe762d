"""Runs kernels on this computer: all of `kernels/ref` in one shared object, called through ctypes
as generated code calls them, with guarded memory around every result."""

import ctypes
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.build.objects import run_tool
from tinsmith.build.toolchain import TOOLCHAINS
from tinsmith.core.errors import InternalError
from tinsmith.ir.op import F32, OPS, Argument, Case, In, Op, Out, Scratch, Site
from tinsmith.ir.types import TensorType

STRICT = ("-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wdouble-promotion")
GUARD_BYTES = 64
GUARD = 0xA5


def kernel_sources() -> dict[str, str]:
    """File name -> text of every kernel and header under `kernels/ref`."""
    folder = files("tinsmith.kernels").joinpath("ref")
    return {p.name: p.read_text("utf-8") for p in folder.iterdir() if p.name.endswith((".c", ".h"))}


def case_site(op: Op, case: Case) -> Site:
    """The Site of a table row; the row's ``out_quant`` gives the result its meaning."""
    inferred = op.infer(case.types, case.attrs)
    outputs = tuple(replace(t, quant=case.out_quant or t.quant) for t in inferred)
    return Site(case.attrs, tuple(case.types), outputs)


@dataclass(frozen=True)
class HostKernels:
    """Compiled kernels. ``sources`` must hold every header that they include."""

    library: Path

    def call(self, op: Op, operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
        """What the C kernel of ``op`` makes of the operands.

        Raises:
            InternalError: it wrote outside its results and scratch, or into an operand.
        """
        function = self._function(op, site)
        memory = {i: _Guarded(t.nbytes) for i, t in enumerate(site.outputs)}
        inputs = [_Guarded(max(1, o.nbytes), o.tobytes()) for o in operands]
        scratch: list[_Guarded] = []
        given = [
            _passed(a, inputs, memory, scratch)
            for a in op.kernels[site.inputs[0].dtype].arguments(site)
        ]
        function(*given)
        changed = any(g.content() != o.tobytes() for g, o in zip(inputs, operands, strict=True))
        if changed or not all(g.intact() for g in (*memory.values(), *inputs, *scratch)):
            raise InternalError(f"kernel of {op.name} wrote outside its results")
        return tuple(_array(memory[i], t) for i, t in enumerate(site.outputs))

    def _function(self, op: Op, site: Site) -> Any:
        function = getattr(ctypes.CDLL(str(self.library)), f"ts_{op.name}_{site.inputs[0].dtype}")
        function.restype = None
        return function


class _Guarded:
    """Bytes with a known pattern in front and behind, 8-byte aligned."""

    def __init__(self, nbytes: int, content: bytes | None = None) -> None:
        self.nbytes = nbytes
        self._memory = np.full(nbytes + 2 * GUARD_BYTES + 8, GUARD, np.uint8)
        self._start = GUARD_BYTES + (-(self._memory.ctypes.data + GUARD_BYTES)) % 8
        if content is not None:
            end = self._start + len(content)
            self._memory[self._start : end] = np.frombuffer(content, np.uint8)

    def pointer(self) -> ctypes.c_void_p:
        return ctypes.c_void_p(self._memory.ctypes.data + self._start)

    def content(self) -> bytes:
        return self._memory[self._start : self._start + self.nbytes].tobytes()

    def intact(self) -> bool:
        around = (self._memory[: self._start], self._memory[self._start + self.nbytes :])
        return all(bool((part == GUARD).all()) for part in around)


def _passed(
    argument: Argument, inputs: list[_Guarded], outputs: Mapping[int, _Guarded], scratch: list
) -> Any:
    match argument:
        case In(index):
            return inputs[index].pointer()
        case Out(index):
            return outputs[index].pointer()
        case Scratch(nbytes):
            scratch.append(_Guarded(nbytes))
            return scratch[-1].pointer()
        case F32(value):
            return ctypes.c_float(value)
    return ctypes.c_int32(argument)


def _array(memory: _Guarded, type: TensorType) -> np.ndarray:
    return np.frombuffer(memory.content(), type.dtype).reshape(type.shape).copy()


def compile_kernels(
    folder: Path, flags: Sequence[str], sources: Mapping[str, str] | None = None
) -> HostKernels:
    """Compile kernels with zig for this computer, warnings as errors.

    Args:
        folder: where sources, zig's cache and the shared object go; equal inputs are compiled once.
        flags: e.g. ("-O2", "-std=c99").
        sources: file name -> text; `kernel_sources()` if None.

    Raises:
        InternalError: it does not compile; says what the compiler said.
    """
    texts = dict(sources or kernel_sources())
    key = hashlib.sha256(repr((sorted(texts.items()), tuple(flags))).encode()).hexdigest()[:16]
    library = folder / key / "kernels.so"
    if not library.exists():
        library.parent.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (library.parent / name).write_text(text, encoding="utf-8")
        _compile(library, [n for n in sorted(texts) if n.endswith(".c")], flags, folder)
    return HostKernels(library)


def _compile(library: Path, names: Sequence[str], flags: Sequence[str], cache: Path) -> None:
    zig = TOOLCHAINS.get("zig")
    part = library.with_suffix(".part")
    argv = [
        *zig.find().command, *zig.compile_flags, *flags, *STRICT, "-ffreestanding",
        "-fPIC", "-shared", "-nostdlib", *names, "-o", part.name,
    ]  # fmt: skip
    environment = {"PATH": os.defpath, **zig.environment(cache.resolve())}
    run_tool(argv, library.parent, environment, "compiling kernels")
    part.rename(library)


def bit_equal(a: np.ndarray, b: np.ndarray) -> bool:
    """Same dtype, shape and bits. NaN equals NaN: IEEE 754 leaves its sign and payload open, and
    cores differ."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    x, y = (np.ascontiguousarray(v).reshape(-1) for v in (a, b))
    if a.dtype != np.float32:
        return bool(np.array_equal(x, y))
    return bool(((x.view(np.uint32) == y.view(np.uint32)) | (np.isnan(x) & np.isnan(y))).all())


def all_kernels() -> list[tuple[str, str]]:
    """(op, dtype) of every kernel that an operation of the catalogue binds."""
    return [(op.name, dtype) for op in OPS.all() for dtype in op.kernels]
