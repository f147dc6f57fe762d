"""Finds files that import each other in a circle: ``python scripts/circles.py .``

Every import counts, also those inside functions and under ``TYPE_CHECKING``: a circle that is only
late is still one that a reader has to walk. A package's ``__init__.py`` counts where it is imported
from by name, not because one of its modules is.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path


def modules(root: Path) -> dict[str, Path]:
    """Dotted name -> file of every module of the product."""
    found = {}
    for path in sorted((root / "src/tinsmith").rglob("*.py")):
        parts = path.relative_to(root / "src").with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path, known: Mapping[str, Path]) -> set[str]:
    """Modules of the product that a file imports, wherever the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names if a.name in known}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module in known:
            inner = {f"{node.module}.{a.name}" for a in node.names} & known.keys()
            found |= inner
            if len(inner) < len(node.names):
                found.add(node.module)
    return found


def circles(graph: Mapping[str, set[str]]) -> Iterator[list[str]]:
    """Strongly connected components of more than one module, or of one that imports itself."""
    reach = {m: _reached(graph, m) for m in graph}
    seen: set[str] = set()
    for module in graph:
        ring = [m for m in graph if m in reach[module] and module in reach[m]]
        if ring and module not in seen:
            seen |= set(ring)
            yield ring


def _reached(graph: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    pending = list(graph[start])
    while pending:
        module = pending.pop()
        if module not in found:
            found.add(module)
            pending += graph[module]
    return found


def main() -> int:
    """Print each circle; 1 if there is one."""
    known = modules(Path(sys.argv[1]))
    graph = {m: imports(p, known) for m, p in known.items()}
    found = list(circles(graph))
    for ring in found:
        print(f"circle of {len(ring)} files: {', '.join(ring)}")
    if not found:
        print("circles: no two files import each other in a circle")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
