"""The kernel sources that a module needs: files of kernels/<set> bound by name, what they include,
and one generated header with their names in the program and their prototypes."""

import re
from collections.abc import Iterable
from importlib.resources import files

from tinsmith.codegen.kernel_set import INLINED, REFERENCE, symbol_of
from tinsmith.core.errors import InternalError

_INCLUDE = re.compile(r'^#include "(ts_\w+\.(?:h|inc))"', re.MULTILINE)
_PROTOTYPE = re.compile(r"^void (ts_\w+)\(([^)]*)\)\s*\{", re.MULTILINE)
_BLANK = re.compile(r"\n[ \t]*(?=\n)")
_COMMENT = re.compile(r"\A/\*(.*?)\*/", re.DOTALL)
_MODULE_HEADER = "ts_module.h"


def kernel_sources(kernels: Iterable[str], module: str) -> dict[str, str]:
    """Relative path -> text of kernels (``<set>/<name>``), what they include, and ``ts_kernels.h``,
    in which the kernels take the module's name before their own. Those that are compiled into a
    step are headers."""
    texts: dict[str, str] = {}
    included: dict[str, str] = {}
    pending = [(REFERENCE, _MODULE_HEADER)]
    for kernel in sorted(set(kernels), key=symbol_of):
        kind, _, name = kernel.removesuffix(INLINED).partition("/")
        text = _read(kind, f"{name}.c")
        pending += [(kind, h) for h in _INCLUDE.findall(text)]
        if kernel.endswith(INLINED):
            included[inlined_header(kernel)] = _inlined(kernel, text)
        else:
            texts[symbol_of(kernel)] = text
    while pending:
        kind, name = pending.pop()
        text = _read(kind, name)
        if included.setdefault(name, text) != text:
            raise InternalError(f"two kernel sets bring a header {name}")
        pending += [(kind, h) for h in _INCLUDE.findall(text) if h not in included]
    blocks = [_declaration(symbol, text, module) for symbol, text in texts.items()]
    included["ts_kernels.h"] = _names_header(blocks, module)
    sources = {f"{symbol}.c": text for symbol, text in texts.items()}
    return {f"kernels/{path}": text for path, text in sorted({**included, **sources}.items())}


def inlined_header(kernel: str) -> str:
    """File with the body of a kernel that is compiled into a step, below ``kernels/``."""
    return f"ts_{symbol_of(kernel)}.h"


def _inlined(kernel: str, text: str) -> str:
    """The kernel as a function of the file that includes it."""
    name = f"ts_{symbol_of(kernel.removesuffix(INLINED))}"
    prototype(name.removeprefix("ts_"), text)
    inside = text.replace(
        f"\nvoid {name}(",
        f"\nstatic inline __attribute__((always_inline)) void {name}_inlined(",
    )
    guard = f"{name.upper()}_INLINED_H"
    return f"#ifndef {guard}\n#define {guard}\n{inside}\n#endif\n"


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


def _read(kind: str, name: str) -> str:
    """A file of a set; what it includes may be the reference set's, or another set's whose name it
    begins with."""
    folder = files("tinsmith.kernels")
    path = folder.joinpath(kind, name)
    if not path.is_file() and not name.endswith(".c"):
        path = folder.joinpath(shared_by(name), name)
    if not path.is_file():
        raise InternalError(f"kernels/{kind}/{name} is missing")
    return path.read_text(encoding="utf-8")


def shared_by(header: str) -> str:
    """The set that lends a header to others: ``ts_plain_windows.h`` is one of ``plain``."""
    sets = [f.name for f in files("tinsmith.kernels").iterdir() if f.joinpath(header).is_file()]
    named = [s for s in sets if header.startswith(f"ts_{s}")]
    return max(named, key=len, default=REFERENCE)


def _names_header(blocks: Iterable[str], module: str) -> str:
    head = f"/* Generated: the kernels of {module}, each defined in a file of its name. */\n"
    guard = f"#ifndef {module.upper()}_TS_KERNELS_H\n#define {module.upper()}_TS_KERNELS_H\n\n"
    includes = '#include <stdint.h>\n\n#include "ts_module.h"\n\n'
    return head + guard + includes + "\n".join(blocks) + "\n#endif\n"
