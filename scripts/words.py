"""Gate: no unfinished marks, stubs, swallowed errors or paths of one machine in the tree.

python scripts/words.py [ROOT]
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

RULES = {
    "an unfinished mark": r"\b(T[O]DO|F[I]XME|X[X]X|H[A]CK)\b",
    "a stub": r"\braise NotImpl[e]mentedError\b",
    "a path of one machine": r"(?<![\w.$}])/(work|root|farm|tmp|home|Users)/\w",
    "a bare type: ignore": r"#\s*type:\s*ignore(?!\[)",
    "a bare noqa": r"#\s*noqa(?!:)",
    "an error swallowed": r"\bexcept\s*(Exception)?\s*:\s*(pass)?\s*$",
    "a folder name that says nothing": r"\btinsmith\.(\w+\.)*(utils|helpers|manager|common)\b",
}
SUFFIXES = (
    ".py", ".c", ".h", ".S", ".ld", ".j2", ".html", ".css", ".js", ".toml", ".md", ".txt", ".json",
    ".sh", ".yaml", ".yml", ".zig", ".in", ".cmake",
)  # fmt: skip
NAMES = ("Makefile", "run", "LICENSE")
LEFT_OUT = ("__pycache__", ".git", ".venv", ".tinsmith", "build", "node_modules")


def files(root: Path) -> Iterator[Path]:
    """Text files of the project; not what is generated or installed."""
    for path in sorted(root.iterdir()):
        own_hidden = path.name in (".ci", ".github")
        if path.is_dir() and (own_hidden or path.name[0] != "."):
            if path.name not in LEFT_OUT or path.joinpath("__init__.py").exists():
                yield from files(path)
        elif path.is_file() and (path.suffix in SUFFIXES or path.name in NAMES):
            yield path


def problems(root: Path) -> list[str]:
    """Each line that a rule matches, with path and number."""
    found = []
    for path in files(root):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for what, rule in RULES.items():
                if re.search(rule, line):
                    found.append(f"{path.relative_to(root)}:{number}: {what}: {line.strip()[:90]}")
    return found


def main() -> int:
    """Print the problems; 1 if there are any."""
    found = problems(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
    print("\n".join(found) if found else "words: none forbidden")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
