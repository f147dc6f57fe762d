"""Runs kernels on this computer: all of `kernels/ref` in one shared object, called through ctypes
as generated code calls them, with guarded memory around every result."""

import ctypes
import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from tinsmith.build.objects import run_tool
from tinsmith.build.toolchain import TOOLCHAINS
from tinsmith.codegen.kernel_set import SETS, Binding, Table, Use
from tinsmith.codegen.sets.ref import single
from tinsmith.core.errors import InternalError
from tinsmith.ir.op import F32, OPS, Argument, Case, In, Op, Out, Scratch, Site
from tinsmith.ir.types import TensorType

STRICT = ("-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wdouble-promotion")
GUARD_BYTES = 64
GUARD = 0xA5
_PROTOTYPE = re.compile(r"^void (ts_\w+)\(([^)]*)\)\s*\{", re.MULTILINE)
UNIT = 25
"""Most kernels that are compiled as one file."""


def kernel_sources() -> dict[str, str]:
    """File name -> text of every kernel, header and shared body under `kernels/ref`."""
    folder = files("tinsmith.kernels").joinpath("ref")
    kinds = (".c", ".h", ".inc")
    return {p.name: p.read_text("utf-8") for p in folder.iterdir() if p.name.endswith(kinds)}


def binding_of(op: Op, site: Site) -> Binding:
    """How the kernel of the reference set computes a use of an operation.

    Raises:
        InternalError: it has none.
    """
    nothing = (None,) * len(site.inputs)
    found = single(op, site) if op.kernels else SETS.get("ref").bind(Use(op.name, site, nothing))
    if not found:
        raise InternalError(f"no kernel takes this use of {op.name}")
    return found[0]


def case_site(op: Op, case: Case) -> Site:
    """The Site of a table row; the row's ``out_quant`` gives the result its meaning."""
    inferred = op.infer(case.types, case.attrs)
    outputs = tuple(replace(t, quant=case.out_quant or t.quant) for t in inferred)
    return Site(case.attrs, tuple(case.types), outputs)


@dataclass(frozen=True)
class HostKernels:
    """Compiled kernels in a shared object; ``suffix`` ends the names of its functions,
    ``prototypes`` are the parameters of each, as its C file has them."""

    library: Path
    suffix: str = ""
    prototypes: Mapping[str, str] = field(default_factory=dict)

    def call(self, op: Op, operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
        """What the C kernel of ``op`` makes of the operands.

        Raises:
            InternalError: it wrote outside its results and scratch, or into an operand.
        """
        binding = binding_of(op, site)
        return self.call_bound(f"ts_{binding.name}{self.suffix}", binding, operands, site)

    def call_bound(
        self, symbol: str, binding: Binding, operands: Sequence[np.ndarray], site: Site
    ) -> tuple[np.ndarray, ...]:
        """What a kernel of any set, which is the function ``symbol``, makes of the operands.

        Raises:
            InternalError: it wrote outside its results and scratch, or into an operand.
        """
        inputs = [_Guarded(max(1, o.nbytes), o.tobytes()) for o in operands]
        results = [_Guarded(t.nbytes) for t in site.outputs]
        self._run(symbol, binding, inputs, results)
        if any(g.content() != o.tobytes() for g, o in zip(inputs, operands, strict=False)):
            raise InternalError(f"{symbol} wrote outside its results")
        return tuple(_array(g.content(), t) for g, t in zip(results, site.outputs, strict=True))

    def call_over(
        self, op: Op, operands: Sequence[np.ndarray], site: Site, operand: int, distance: int
    ) -> np.ndarray:
        """The first result where it shares memory with an operand, which begins ``distance`` bytes
        (a multiple of 8) behind it: what a memory plan may do within `Call.distances`.

        Raises:
            InternalError: the kernel wrote outside of both and its scratch.
        """
        shared, low = operands[operand].tobytes(), min(0, distance)
        nbytes = max(site.outputs[0].nbytes, distance + len(shared)) - low
        content = bytes(distance - low) + shared
        arena = _Guarded(nbytes, content)
        inputs = [_Guarded(max(1, o.nbytes), o.tobytes()) for o in operands]
        inputs[operand] = arena.part(distance - low, len(shared))
        result = arena.part(-low, site.outputs[0].nbytes)
        binding = binding_of(op, site)
        self._run(f"ts_{binding.name}{self.suffix}", binding, inputs, [result])
        return _array(result.content(), site.outputs[0])

    def _run(
        self,
        name: str,
        binding: Binding,
        inputs: list["_Guarded"],
        results: list["_Guarded"],
    ) -> None:
        check_call(f"{name}({self.prototypes.get(name, '')})", binding.arguments)
        function = getattr(ctypes.CDLL(str(self.library)), name)
        function.restype = None
        scratch: list[_Guarded] = []
        function(*[_passed(a, inputs, results, scratch) for a in binding.arguments])
        if not all(g.intact() for g in (*results, *inputs, *scratch)):
            raise InternalError(f"{name} wrote outside its results")


def prototypes(sources: Mapping[str, str]) -> dict[str, str]:
    """Function -> its parameters, of the kernels in C texts."""
    return {
        n: " ".join(p.split()) for text in sources.values() for n, p in _PROTOTYPE.findall(text)
    }


def check_call(prototype: str, arguments: Sequence[Argument | Table]) -> None:
    """Raises InternalError where an op's arguments are not those of the kernel's prototype, by
    number and kind: a call through ctypes would not tell, but read whatever lies there."""
    inside = prototype.partition("(")[2].rstrip(")")
    wanted = [_kind_of_parameter(p) for p in inside.split(",") if p.strip()]
    given = [_kind_of_argument(a) for a in arguments]
    if wanted != given:
        raise InternalError(
            f"the op gives {len(given)} arguments ({', '.join(given)}), "
            f"the kernel takes {len(wanted)}: {prototype}"
        )


def _kind_of_parameter(text: str) -> str:
    if "*" in text:
        return "pointer"
    return {"int32_t": "int32_t", "float": "float"}.get(text.split()[0], text.strip())


def _kind_of_argument(argument: Argument | Table) -> str:
    match argument:
        case In() | Out() | Scratch() | Table():
            return "pointer"
        case F32():
            return "float"
    return "int32_t"


class _Guarded:
    """Bytes with a known pattern in front and behind, 8-byte aligned."""

    def __init__(self, nbytes: int, content: bytes | None = None) -> None:
        self.nbytes = nbytes
        self._memory = np.full(nbytes + 2 * GUARD_BYTES + 8, GUARD, np.uint8)
        self._start = GUARD_BYTES + (-(self._memory.ctypes.data + GUARD_BYTES)) % 8
        self._guards = self._memory[: self._start], self._memory[self._start + nbytes :]
        if content is not None:
            end = self._start + len(content)
            self._memory[self._start : end] = np.frombuffer(content, np.uint8)

    def part(self, offset: int, nbytes: int) -> "_Guarded":
        """Some of the same bytes; its guards are those of the whole."""
        made = copy(self)
        made.nbytes, made._start = nbytes, self._start + offset
        return made

    def pointer(self) -> ctypes.c_void_p:
        return ctypes.c_void_p(self._memory.ctypes.data + self._start)

    def content(self) -> bytes:
        return self._memory[self._start : self._start + self.nbytes].tobytes()

    def intact(self) -> bool:
        return all(bool((part == GUARD).all()) for part in self._guards)


def _passed(
    argument: Argument | Table,
    inputs: list[_Guarded],
    results: list[_Guarded],
    scratch: list[_Guarded],
) -> Any:
    match argument:
        case Table(_, make):
            made = make()
            inputs.append(_Guarded(max(1, made.nbytes), made.tobytes()))
            return inputs[-1].pointer()
        case In(index):
            return inputs[index].pointer()
        case Out(index):
            return results[index].pointer()
        case Scratch(nbytes):
            scratch.append(_Guarded(nbytes))
            return scratch[-1].pointer()
        case F32(value):
            return ctypes.c_float(value)
    return ctypes.c_int32(argument)


def _array(content: bytes, type: TensorType) -> np.ndarray:
    return np.frombuffer(content, type.dtype).reshape(type.shape).copy()


def compile_kernels(
    folder: Path, flags: Sequence[str], sources: Mapping[str, str] | None = None
) -> HostKernels:
    """Compile kernels with zig for this computer, warnings as errors.

    Args:
        folder: where sources, zig's cache and the shared object go; equal inputs are compiled once.
        flags: e.g. ("-O2", "-std=c99").
        sources: path -> text; `kernel_sources()` if None. The ``.c`` files of one folder are
            compiled as a few units: a compiler's start costs more than most kernels.

    Raises:
        InternalError: it does not compile; says what the compiler said.
    """
    texts = dict(sources or kernel_sources())
    key = hashlib.sha256(repr((sorted(texts.items()), tuple(flags))).encode()).hexdigest()[:16]
    library = folder / key / "kernels.so"
    if not library.exists():
        library.parent.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (library.parent / name).parent.mkdir(exist_ok=True)
            (library.parent / name).write_text(text, encoding="utf-8")
        _compile(library, _units(library.parent, texts), flags, folder)
    return HostKernels(library, prototypes=prototypes(texts))


def _units(folder: Path, names: Iterable[str]) -> list[str]:
    """Files that include the ``.c`` files, `UNIT` of one folder each."""
    by_folder: dict[str, list[str]] = {}
    for path in sorted(map(PurePosixPath, names)):
        if path.suffix == ".c":
            by_folder.setdefault(str(path.parent), []).append(path.name)
    made = []
    for inside, kernels in by_folder.items():
        for i in range(0, len(kernels), UNIT):
            made.append(str(PurePosixPath(inside, f"unit_{i:03d}.c")))
            text = "".join(f'#include "{name}"\n' for name in kernels[i : i + UNIT])
            (folder / made[-1]).write_text(text, encoding="utf-8")
    return made


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


@dataclass(frozen=True)
class Tested:
    """A kernel of the reference set and the rows of an operation's table that it computes."""

    op: str
    dtype: str
    """Of the first operand."""
    name: str

    @property
    def file(self) -> str:
        """Its C file."""
        return f"{self.name}.c"

    @property
    def rows(self) -> dict[str, Case]:
        """Its part of the operation's table."""
        op = OPS.get(self.op)
        return {
            n: c for n, c in op.cases.items()
            if c.types[0].dtype == self.dtype
            and (op.kernels or binding_of(op, case_site(op, c)).name == self.name)
        }  # fmt: skip

    def __str__(self) -> str:
        return f"{self.op}-{self.dtype}" if self.op != "fused" else self.name


def all_kernels() -> list[Tested]:
    """Every kernel that an operation of the catalogue binds, once per type of the first operand;
    then those of fused uses."""
    plain = [Tested(o.name, d, o.kernel_name(d)) for o in OPS.all() for d in o.kernels]
    fused = OPS.get("fused")
    rows = fused.cases.values()
    found = {(c.types[0].dtype, binding_of(fused, case_site(fused, c)).name) for c in rows}
    return plain + [Tested("fused", dtype, name) for dtype, name in sorted(found)]
