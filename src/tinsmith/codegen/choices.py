"""Choices: which kernel computes which node. A value like any other input of a build, and a file
that keeps it for each board:

[nucleo_l4r5zi.pinned]      # what the user wants; an impossible kernel is an error
hidden = "parts"
[nucleo_l4r5zi.chosen]      # what the last run took, written by tinsmith
hidden = "ref/dense_requantize_int8"
[nucleo_l4r5zi.tuned."zig 0.16.0"]    # what `tinsmith tune` found with a toolchain
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tinsmith.codegen.costs import LEVELS
from tinsmith.core.cache import write_atomically
from tinsmith.core.errors import UserError
from tinsmith.core.table import Table, read_toml

BALANCED, RAM = "balanced", "ram"
AIMS = (BALANCED, "speed", "size", RAM)
"""What a module may be optimised for: the product of time and flash; instructions; flash, or memory
at its peak, in at most half as much time again as is possible; or flash as the reference's kernels
need at most, in at most two thirds of their time."""
PARTS = "parts"
"""Chosen for a fused node: its operations one by one, each by a kernel of its own."""
PINNED, CHOSEN, TUNED = "pinned", "chosen", "tuned"
HEAD = """\
# Which kernel computes which layer, for each board. To pin a layer's kernel, name it under
# [<board>.pinned]; "parts" computes the operations of a fused layer one by one. What stands under
# [<board>.chosen] is what the last run took; tinsmith writes it. What stands under [<board>.tuned]
# was measured by `tinsmith tune`, and holds for that toolchain, model and version of tinsmith only.
"""
_FACTS = ("optimize", "model", "tinsmith")


@dataclass(frozen=True)
class Choices:
    """Node of the compiled graph -> kernel (``<set>/<name>``), or `PARTS`. What is not named is
    chosen by the compiler, as it serves the ``aim`` (one of `AIMS`); the names of a fused node's
    operations may be chosen for too. ``keep_inputs``: a run leaves inputs as they were written, at
    the price of their memory. ``levels``: kernel -> how hard it is optimised (`codegen/costs.py`),
    as measured with the toolchain of this version (``toolchain``); what is not named is chosen."""

    kernels: Mapping[str, str] = field(default_factory=dict)
    aim: str = BALANCED
    keep_inputs: bool = False
    levels: Mapping[str, str] = field(default_factory=dict)
    toolchain: str = ""

    def apart(self, node: str) -> bool:
        """Whether a fused node is to be taken apart."""
        return self.kernels.get(node) == PARTS


NOTHING_CHOSEN = Choices()


@dataclass(frozen=True)
class Tuned:
    """What was measured as best with one toolchain: layer -> kernel, kernel -> level; for an aim, a
    model (the hash of its graph) and a version of tinsmith."""

    optimize: str
    model: str
    tinsmith: str
    kernels: Mapping[str, str]
    levels: Mapping[str, str]


def read_pinned(file: Path, board: str) -> Choices:
    """What a lock file pins for a board; nothing where there is no such file.

    Raises:
        UserError: ``choices.file`` (it cannot be read), ``toml.syntax``, ``toml.key``,
            ``toml.value`` with file, key and what is allowed.
    """
    pinned = _tables(file).get(board, {}).get(PINNED, {})
    return Choices(pinned) if pinned else NOTHING_CHOSEN


def read_tuned(file: Path, board: str) -> dict[str, Tuned]:
    """What a lock file holds as tuned for a board: version of the toolchain -> what was found.

    Raises:
        UserError: as `read_pinned`.
    """
    kept = _top(file).table(board).table(TUNED)
    return {toolchain: _tuned(kept.table(toolchain)) for toolchain in kept.rows}


def check_lock(file: Path) -> None:
    """Read all that a lock file holds, for whatever board.

    Raises:
        UserError: as `read_pinned`.
    """
    for board in _tables(file):
        read_tuned(file, board)


def _tuned(table: Table) -> Tuned:
    table.only((*_FACTS, "kernels", "levels"))
    optimize, model, tinsmith = (table.text(name) for name in _FACTS)
    if optimize not in AIMS:
        raise table.wrong("optimize", f"one of {', '.join(AIMS)}")
    levels = table.table("levels")
    for kernel, level in _texts(levels).items():
        if level not in LEVELS:
            raise levels.wrong(kernel, f"one of {', '.join(LEVELS)}")
    return Tuned(optimize, model, tinsmith, _texts(table.table("kernels")), _texts(levels))


def write_chosen(file: Path, board: str, kernels: Mapping[str, str]) -> None:
    """Note in a lock file what a run took for a board; all else stays.

    Raises:
        UserError: as `read_pinned`.
    """
    tables = _tables(file)
    tables.setdefault(board, {})[CHOSEN] = kernels
    _write(file, tables, {name: read_tuned(file, name) for name in tables})


def write_tuned(file: Path, board: str, toolchain: str, found: Tuned) -> None:
    """Note in a lock file what was measured as best for a board with a toolchain; all else stays.

    Raises:
        UserError: as `read_pinned`.
    """
    tables = _tables(file)
    tables.setdefault(board, {})
    tuned = {name: read_tuned(file, name) for name in tables}
    tuned[board][toolchain] = found
    _write(file, tables, tuned)


_Tables = dict[str, dict[str, Mapping[str, str]]]
"""Board -> pinned and chosen -> layer -> kernel."""


def _write(file: Path, tables: _Tables, tuned: Mapping[str, Mapping[str, Tuned]]) -> None:
    lines = [HEAD]
    for name in sorted(tables):
        board = json.dumps(name)
        for kind in (PINNED, CHOSEN):
            lines += _rows(f"{board}.{kind}", tables[name].get(kind, {}))
        for toolchain, found in sorted(tuned[name].items()):
            head = f"{board}.{TUNED}.{json.dumps(toolchain)}"
            lines += _rows(head, {fact: getattr(found, fact) for fact in _FACTS})
            lines += _rows(f"{head}.kernels", found.kernels)
            lines += _rows(f"{head}.levels", found.levels)
    text = "\n".join(lines)
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        write_atomically(file, text.encode())


def _rows(head: str, rows: Mapping[str, str]) -> list[str]:
    """A table as lines, none where it is empty."""
    if not rows:
        return []
    return [f"[{head}]", *(f"{json.dumps(k)} = {json.dumps(v)}" for k, v in rows.items()), ""]


def _top(file: Path) -> Table:
    """The whole file; empty where there is none."""
    try:
        return read_toml(file.read_text(encoding="utf-8"), file)
    except FileNotFoundError:
        return Table(file, "", {})
    except (OSError, UnicodeDecodeError) as e:
        reason = (e.strerror or str(e)) if isinstance(e, OSError) else "it is no UTF-8 text"
        raise UserError(
            "choices.file",
            f"The lock file {file} cannot be read: {reason}.",
            "Mend it, or delete it: pins are lost then, and what was tuned is measured again.",
        ) from None


def _tables(file: Path) -> _Tables:
    top = _top(file)
    found: _Tables = {}
    for board in top.rows:
        table = top.table(board)
        table.only((PINNED, CHOSEN, TUNED))
        kinds = [kind for kind in (PINNED, CHOSEN) if kind in table.rows]
        found[board] = {kind: _texts(table.table(kind)) for kind in kinds}
    return found


def _texts(table: Table) -> dict[str, str]:
    return {name: table.text(name) for name in table.rows}
