"""The kernel sources that a module needs: files of kernels/ref bound by name, the headers that they
include, and one generated header with their names in the program and their prototypes."""

import re
from collections.abc import Iterable
from importlib.resources import files

from tinsmith.core.errors import InternalError
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.op import OPS

SET = "ref"
_INCLUDE = re.compile(r'^#include "(ts_\w+\.h)"', re.MULTILINE)
_PROTOTYPE = re.compile(r"^void (ts_\w+)\(([^)]*)\)\s*\{", re.MULTILINE)
_BLANK = re.compile(r"\n[ \t]*(?=\n)")
_COMMENT = re.compile(r"\A/\*(.*?)\*/", re.DOTALL)
_MODULE_HEADER = "ts_module.h"
_MUTANT = re.compile(r"^/\* mutant: .*?\*/\n", re.MULTILINE | re.DOTALL)
"""Wrong lines that the tests plant in a kernel; of no use to who gets the sources."""


def kernel_of(graph: Graph, node: Node) -> str:
    """Name of the kernel that computes a node."""
    return OPS.get(node.op).kernel_name(graph.type(node.inputs[0]).dtype)


def kernel_sources(kernels: Iterable[str], module: str) -> dict[str, str]:
    """Relative path -> text of the kernels, their headers and ``ts_kernels.h``, in which the
    kernels take the module's name before their own."""
    names = sorted(set(kernels))
    sources = {f"{name}.c": _read(f"{name}.c") for name in names}
    pending = [_MODULE_HEADER, *(h for text in sources.values() for h in _INCLUDE.findall(text))]
    headers: dict[str, str] = {}
    while pending:
        header = pending.pop()
        if header not in headers:
            headers[header] = _read(header)
            pending += _INCLUDE.findall(headers[header])
    blocks = [_declaration(name, sources[f"{name}.c"], module) for name in names]
    headers["ts_kernels.h"] = _names_header(blocks, module)
    return {f"kernels/{path}": text for path, text in sorted({**headers, **sources}.items())}


def prototype(name: str, text: str) -> str:
    """Prototype of a kernel file: its one function that is not static.

    Raises:
        InternalError: the file has no such function, several, or one of another name.
    """
    found = _PROTOTYPE.findall(text)
    if [n for n, _ in found] != [f"ts_{name}"]:
        raise InternalError(f"{name}.c must define exactly one function, void ts_{name}(...)")
    return f"void ts_{name}({found[0][1]});\n"


def _declaration(name: str, text: str, module: str) -> str:
    """Comment, name in the program and prototype, without a blank line: `build/objects.py` takes
    the header apart at those."""
    found = _COMMENT.match(text)
    about = f"/* {found.group(1).strip()} */\n" if found else ""
    renamed = f"#define ts_{name} {module}_ts_{name}\n"
    mark = "TS_HOT "
    lines = prototype(name, text).splitlines()
    aligned = [mark + lines[0], *(" " * len(mark) + line for line in lines[1:])]
    return _BLANK.sub("", about) + renamed + "\n".join(aligned) + "\n"


def _read(name: str) -> str:
    path = files("tinsmith.kernels").joinpath(SET, name)
    if not path.is_file():
        raise InternalError(f"kernels/{SET}/{name} is missing")
    return _MUTANT.sub("", path.read_text(encoding="utf-8"))


def _names_header(blocks: Iterable[str], module: str) -> str:
    head = f"/* Generated: the kernels of {module}, each defined in a file of its name. */\n"
    guard = f"#ifndef {module.upper()}_TS_KERNELS_H\n#define {module.upper()}_TS_KERNELS_H\n\n"
    includes = '#include <stdint.h>\n\n#include "ts_module.h"\n\n'
    return head + guard + includes + "\n".join(blocks) + "\n#endif\n"
