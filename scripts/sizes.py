"""Gate: no function, file or parameter list is larger than the limits.

    python scripts/sizes.py [ROOT]

Function bodies (without docstring) have at most 30 lines, files 400 (tests 800), functions 5
parameters. The checker of certificates has fewer than 500 lines of code in all its files together,
those that are empty, comment or docstring not counted. What must be larger stands in
tests/gates/allow_list.toml with its size and a reason; it may shrink, not grow, and never pass the
hard limits of 60 and 600. An entry that is no longer needed is an error too. Limits on functions do
not hold in tests, apart from the hard one.
"""

import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LIMITS = {"function": 30, "file": 400, "parameters": 5, "code": 499}
HARD = {"function": 60, "file": 600, "parameters": 8, "code": 499}
TOGETHER = ("src/tinsmith/prove/certificate/checker",)
"""Folders that are small enough to be read at one sitting."""
TEST_FILE = 800
FOLDERS = ("src", "tests", "scripts", "benchmarks", "examples")
SUFFIXES = (".py", ".c", ".h", ".S", ".zig")


@dataclass(frozen=True)
class Size:
    """One thing that has a size; ``where`` is path or path:function."""

    kind: str
    where: str
    value: int
    test: bool

    def limit(self) -> int:
        """What it may have without an entry in the allow-list."""
        if not self.test:
            return LIMITS[self.kind]
        return {"function": HARD["function"], "file": TEST_FILE}.get(self.kind, sys.maxsize)


def sizes(root: Path) -> Iterator[Size]:
    """All sizes of a source tree."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            made = folder == "examples" and {"build", ".tinsmith"} & set(path.parts)
            if path.suffix in SUFFIXES and "__pycache__" not in path.parts and not made:
                text = path.read_text(encoding="utf-8")
                name, test = path.relative_to(root).as_posix(), folder == "tests"
                yield Size("file", name, len(text.splitlines()), test)
                if path.suffix == ".py":
                    yield from _functions(ast.parse(text), name, test)
    for folder in TOGETHER:
        texts = [p.read_text(encoding="utf-8") for p in (root / folder).rglob("*.py")]
        yield Size("code", folder, sum(_code_lines(t) for t in texts), False)


def _code_lines(text: str) -> int:
    """Lines that are not empty, comment or docstring."""
    told: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        value = node.value if isinstance(node, ast.Expr) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            told |= set(range(value.lineno, (value.end_lineno or value.lineno) + 1))
    lines = ((k, line.strip()) for k, line in enumerate(text.splitlines(), 1))
    return sum(bool(line) and line[0] != "#" and k not in told for k, line in lines)


def _functions(tree: ast.AST, name: str, test: bool) -> Iterator[Size]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            where = f"{name}:{node.name}"
            yield Size("function", where, _lines(node), test)
            a = node.args
            names = [p.arg for p in (*a.posonlyargs, *a.args, *a.kwonlyargs)]
            extra = (a.vararg is not None) + (a.kwarg is not None)
            counted = len([n for n in names if n not in ("self", "cls")]) + extra
            yield Size("parameters", where, counted, test)


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def problems(root: Path) -> list[str]:
    """What breaks a limit, and entries of the allow-list that nothing needs."""
    table = root / "tests" / "gates" / "allow_list.toml"
    rows = tomllib.loads(table.read_text(encoding="utf-8")).get("allow", [])
    allowed = {(r["kind"], r["where"]): r for r in rows}
    found, used = [], set()
    for size in sizes(root):
        row = allowed.get((size.kind, size.where))
        if size.value <= size.limit():
            continue
        used.add((size.kind, size.where))
        most = size.limit() if row is None or not row["reason"] else row["size"]
        if not size.test:
            most = min(most, HARD[size.kind])
        if size.value > most:
            found.append(f"{size.where}: {size.kind} has {size.value}, allowed are {most}")
    unneeded = sorted(set(allowed) - used)
    return found + [
        f"{where}: {kind} needs no entry in allow_list.toml" for kind, where in unneeded
    ]


def main() -> int:
    """Print the problems; 1 if there are any."""
    found = problems(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
    print("\n".join(found) if found else "sizes: all within their limits")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
