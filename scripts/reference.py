"""Write docs/reference from the code: the command line, the kinds, the operations, the models, and
from what was measured: performance.

    python scripts/reference.py [--check] [ROOT]

With --check nothing is written; files that differ from what the code says are named and the exit
code is 1.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from performance import performance_text

HEAD = "<!-- Written by `make docs` from the code. Do not edit. -->\n\n"
ROOT = Path(__file__).resolve().parents[1]


def cli_text() -> str:
    """Every command with usage, help, options and examples."""
    parts = ["# Command line\n"]
    for path, command in commands():
        arguments = [_argument(p) for p in command.params if p.param_type_name == "argument"]
        usage = " ".join([path, "[OPTIONS]", *arguments])
        parts.append(f"## `{path}`\n\n    {usage}\n\n{paragraph(command.help or '')}\n")
        shown = [p for p in command.params if not getattr(p, "hidden", False)]
        rows = [_row(p) for p in shown if p.name != "help"]
        if rows:
            parts.append("| | meaning |\n|---|---|\n" + "\n".join(rows) + "\n")
        parts.append(paragraph(command.epilog or "") + "\n")
    return "\n".join(parts)


def commands() -> list[tuple[str, Any]]:
    """Full name and click command of every command that does something (not of groups)."""
    from typer.main import get_command

    from tinsmith.cli.main import make_app

    return list(_leaves(get_command(make_app()), "tinsmith"))


def _leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name in sorted(children):
        yield from _leaves(children[name], f"{path} {name}")


def _argument(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name).upper() + ("..." if parameter.nargs == -1 else "")
    return name if parameter.required else f"[{name}]"


def _row(parameter: Any) -> str:
    """Our own words, not click's: those change with its version."""
    meaning = _cell(getattr(parameter, "help", None) or "")
    if parameter.param_type_name == "argument":
        return f"| `{_argument(parameter)}` | {meaning} |"
    flag = getattr(parameter, "is_flag", False)
    metavar = "" if flag else " " + (parameter.metavar or parameter.name.upper())
    default = "" if flag or callable(parameter.default) else parameter.default
    tail = f" Default: `{default}`." if default not in (None, "", (), []) else ""
    return f"| `{', '.join(parameter.opts)}{metavar}` | {meaning}{tail} |"


def kinds_text() -> str:
    """Every catalogue with its entries; parameters where an entry has them."""
    from tinsmith.core.catalogue import catalogues

    parts = ["# Kinds\n\nEach kind is a file in the folder of its catalogue; see\n"
             "[how to add one](../howto/add-a-kind.md).\n"]  # fmt: skip
    for kind, catalogue in catalogues().items():
        folder = catalogue.package.replace(".", "/")
        parts.append(f"## {kind}\n\nFolder `src/{folder}`.\n\n| name | what it is |\n|---|---|")
        names = catalogue.names()
        parts.append("\n".join(f"| `{n}` | {_cell(catalogue.summary(n))} |" for n in names) + "\n")
        for name in names:
            parts.append(_parameters(kind, name, getattr(catalogue.get(name), "params", ())))
    return "\n".join(p for p in parts if p)


def _parameters(kind: str, name: str, params: Iterable[Any]) -> str:
    from tinsmith.dsp.block import describe

    rows = [
        f"| `{p.name}` | `{p.default!r}` | {_cell(describe(p))} | {_cell(p.doc)} |" for p in params
    ]
    head = (
        f"### {kind} `{name}`\n\n| parameter | default | allowed | meaning |\n|---|---|---|---|\n"
    )
    return head + "\n".join(rows) + "\n" if rows else ""


def kernels_of(op: Any) -> list[str]:
    """Names of an op's kernels; types of one width may share one."""
    return sorted({op.kernel_name(d) for d in op.kernels})


def ops_text() -> str:
    """Every operation: what it computes, for which types, how exact, and its test rows."""
    from tinsmith.importers.onnx.node_tests import node_test_table
    from tinsmith.ir.op import OPS

    parts = [
        "# Operations\n\nThe numpy reference is the meaning. Kernels in C agree with it to the\n"
        "last bit; the tolerance is that of float results against a float64 oracle.\n"
    ]
    for op in OPS.all():
        oracle = "exact integers or copies" if op.oracle is None else f"{op.tolerance:g} {op.why}"
        rows = (
            ("types of operand 0", ", ".join(f"`{d}`" for d in sorted(op.kernels)) or "none"),
            ("kernels", ", ".join(f"`kernels/ref/{k}.c`" for k in kernels_of(op))),
            ("tolerance", oracle.strip()),
            (
                "memory",
                f"{op.access}; may share with operand {op.alias}" if op.alias else op.access,
            ),
            ("test rows", ", ".join(op.cases)),
        )
        table = "\n".join(f"| {name} | {_cell(text)} |" for name, text in rows)
        parts.append(f"## `{op.name}`\n\n{OPS.summary(op.name)}\n\n| | |\n|---|---|\n{table}\n")
    title = "## ONNX's backend node tests\n\nThe `onnx` package's own tests, by operator.\n"
    return "\n".join([*parts, title, node_test_table(ROOT)])


def models_text() -> str:
    """What each importer reads: operators, layers, estimators."""
    from tinsmith.importers import IMPORTERS

    parts = [
        "# Models that come in\n\nThe same as `tinsmith kinds ops` prints, from what the importers "
        "dispatch on. What is\nnot listed is refused at import, by name of operator and node.\n"
    ]
    for importer in IMPORTERS.all():
        rows = list(importer.support())
        if not rows:
            continue
        files = ", ".join(f"`{s}`" for s in importer.suffixes) or "live objects"
        parts.append(
            f"## {importer.name}\n\n{_cell(IMPORTERS.summary(importer.name))}\n\n"
            f"Reads: {files}.\n\n| operator | types | what of it is refused, notes |\n|---|---|---|"
        )
        parts += [f"| `{r.operator}` | {', '.join(r.types)} | {_cell(r.note)} |" for r in rows]
        parts.append("")
    return "\n".join(parts)


def paragraph(text: str) -> str:
    """Help text as one line per paragraph."""
    blocks = [" ".join(b.split()) for b in text.replace("\b", "").split("\n\n")]
    return "\n\n".join(b for b in blocks if b)


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_text, "kinds.md": kinds_text, "models.md": models_text, "ops.md": ops_text,
    "performance.md": lambda: performance_text(ROOT),
}  # fmt: skip


def main() -> int:
    """Write or compare the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("root", nargs="?", default=".", type=Path)
    options = parser.parse_args()
    sys.path.insert(0, str((options.root / "src").resolve()))
    stale = 0
    for name, text in PAGES.items():
        path, wanted = options.root / "docs" / "reference" / name, HEAD + text().rstrip() + "\n"
        found = path.read_text(encoding="utf-8") if path.exists() else ""
        if options.check and found != wanted:
            print(f"{path}: differs from what the code says; run make docs")
            stale = 1
        elif not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())
