"""Choices: which kernel computes which node. A value like any other input of a build, and a file
that keeps it for each board:

[nucleo_l4r5zi.pinned]      # what the user wants; an impossible kernel is an error
hidden = "parts"
[nucleo_l4r5zi.chosen]      # what the last run took, written by tinsmith
hidden = "ref/dense_requantize_int8"
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tinsmith.core.cache import write_atomically
from tinsmith.core.table import read_toml

BALANCED = "balanced"
AIMS = (BALANCED, "speed", "size", "ram")
"""What a module may be optimised for: the product of time and flash, instructions, flash without
losing time against the reference kernels, scratch memory."""
PARTS = "parts"
"""Chosen for a fused node: its operations one by one, each by a kernel of its own."""
PINNED, CHOSEN = "pinned", "chosen"
HEAD = """\
# Which kernel computes which layer, for each board. To pin a layer's kernel, name it under
# [<board>.pinned]; "parts" computes the operations of a fused layer one by one. What stands under
# [<board>.chosen] is what the last run took; tinsmith writes it.
"""


@dataclass(frozen=True)
class Choices:
    """Node of the compiled graph -> kernel (``<set>/<name>``), or `PARTS`. What is not named is
    chosen by the compiler, as it serves the ``aim`` (one of `AIMS`); the names of a fused node's
    operations may be chosen for too. ``keep_inputs``: a run leaves inputs as they were written, at
    the price of their memory."""

    kernels: Mapping[str, str] = field(default_factory=dict)
    aim: str = BALANCED
    keep_inputs: bool = False

    def apart(self, node: str) -> bool:
        """Whether a fused node is to be taken apart."""
        return self.kernels.get(node) == PARTS


NOTHING_CHOSEN = Choices()


def read_pinned(file: Path, board: str) -> Choices:
    """What a lock file pins for a board; nothing where there is no such file.

    Raises:
        UserError: ``toml.syntax``, ``toml.key``, ``toml.value`` with file, key and what is allowed.
    """
    pinned = _tables(file).get(board, {}).get(PINNED, {})
    return Choices(pinned) if pinned else NOTHING_CHOSEN


def write_chosen(file: Path, board: str, kernels: Mapping[str, str]) -> None:
    """Note in a lock file what a run took for a board; pins and other boards stay.

    Raises:
        UserError: as `read_pinned`.
    """
    tables = _tables(file)
    tables.setdefault(board, {})[CHOSEN] = kernels
    lines = [HEAD]
    for name in sorted(tables):
        for kind in (PINNED, CHOSEN):
            if rows := tables[name].get(kind):
                lines.append(f"[{json.dumps(name)}.{kind}]")
                lines += [f"{json.dumps(k)} = {json.dumps(v)}" for k, v in rows.items()]
                lines.append("")
    text = "\n".join(lines)
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        write_atomically(file, text.encode())


def _tables(file: Path) -> dict[str, dict[str, Mapping[str, str]]]:
    """Board -> pinned and chosen -> layer -> kernel."""
    if not file.exists():
        return {}
    top = read_toml(file.read_text(encoding="utf-8"), file)
    found: dict[str, dict[str, Mapping[str, str]]] = {}
    for board in top.rows:
        table = top.table(board)
        table.only((PINNED, CHOSEN))
        found[board] = {}
        for kind in table.rows:
            rows = table.table(kind)
            found[board][kind] = {layer: rows.text(layer) for layer in rows.rows}
    return found
