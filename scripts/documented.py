"""Gate: each command has help and an example that is one; each documented command exists.

python scripts/documented.py [ROOT]
"""

import re
import sys
from pathlib import Path

from reference import commands

MENTION = re.compile(
    r"^\s{4,}(?:\$ *)?(?:\S*/)?tinsmith ([a-z].*)$|`tinsmith ([a-z][^`]*)`", re.MULTILINE
)
OPTION = re.compile(r"(?<!\S)(--[a-z-]+)")


def command_problems() -> list[str]:
    """What the commands themselves lack."""
    found = []
    for path, command in commands():
        if not (command.help or "").strip():
            found.append(f"{path}: has no help")
        examples = " ".join((command.epilog or "").split())
        if "Example" not in examples or path not in examples:
            found.append(f"{path}: has no example that begins with '{path}'")
        for parameter in command.params:
            hidden = getattr(parameter, "hidden", False) or parameter.name == "help"
            if not hidden and not getattr(parameter, "help", None):
                found.append(f"{path}: {parameter.name} has no help")
    return found


def mention_problems(root: Path) -> list[str]:
    """Commands and options that a document shows and that do not exist."""
    known = {path.removeprefix("tinsmith "): command for path, command in commands()}
    groups = {name.split()[0] for name in known if " " in name}
    found = []
    for page in _pages(root):
        for match in MENTION.finditer(_indented(page.read_text(encoding="utf-8"))):
            words = (match[1] or match[2]).split()
            name = next((n for n in (" ".join(words[:2]), words[0]) if n in known), None)
            where = f"{page.relative_to(root)}: tinsmith {' '.join(words)}"
            if name is None:
                # `tinsmith board list|show` and `tinsmith board` name a group
                if words[0] not in groups or (len(words) > 1 and "|" not in words[1]):
                    found.append(f"{where}: there is no such command")
                continue
            options = {o for p in known[name].params for o in p.opts} | {"--help"}
            for option in OPTION.findall(match[1] or match[2]):
                if option not in options:
                    found.append(f"{where}: {name} has no option {option}")
    return found


def _indented(text: str) -> str:
    """The text with fenced blocks as indented ones, so that prose is told from commands."""
    lines, inside = [], False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            inside = not inside
        else:
            lines.append("    " + line if inside else line)
    return "\n".join(lines)


def _pages(root: Path) -> list[Path]:
    own = [root / "README.md", root / "CONTRIBUTING.md"]
    more = [*(root / "docs" / "howto").glob("*.md"), *(root / "examples").glob("*/README.md")]
    return [p for p in own + sorted(more) if p.exists()]


def main() -> int:
    """Print the problems; 1 if there are any."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    sys.path.insert(0, str((root / "src").resolve()))
    found = command_problems() + mention_problems(root)
    print("\n".join(found) if found else "documents: every command has help and an example")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
