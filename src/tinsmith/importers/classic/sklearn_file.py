"""Files of estimators (``.tsk``): the description of `estimators.py` in the codec's container, a
zip of JSON and arrays. Numbers and names, no code; read without scikit-learn."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinsmith.compose.broken import broken
from tinsmith.core.codec import dumps, loads
from tinsmith.core.errors import InternalError, UserError
from tinsmith.importers.classic.estimator import refuse
from tinsmith.importers.classic.estimators import translate
from tinsmith.importers.classic.fields import Fields
from tinsmith.ir.graph import Graph
from tinsmith.ir.rules import verify

VERSION = 1
MOST_BYTES = 256_000_000


def write(description: Mapping[str, Any], path: Path) -> None:
    """Write a description to a file."""
    path.write_bytes(dumps({"kind": "tsk", "version": VERSION, "model": dict(description)}))


def convert(path: Path, name: str) -> Graph:
    """The graph of a ``.tsk`` file, as it runs in the sandbox; its grammar is checked.

    Raises:
        UserError: ``import.classic.<what>``, ``import.sklearn.<what>``.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise UserError(
            "import.classic.limit", f"The file has {size} bytes; at most {MOST_BYTES} are read."
        )
    try:
        body: Any = loads(object, path.read_bytes())
    except InternalError:
        broken(f"{path.name!r} is no file of save().")
    fields = Fields(body)
    fields.text("kind", "tsk")
    if fields.integer("version", 1, 1 << 30) != VERSION:
        refuse(
            "version", f"{path.name!r} has version {body['version']} of the format.",
            f"This tinsmith reads version {VERSION}; save the estimator again.",
        )  # fmt: skip
    graph = translate(Fields(body.get("model")).body, name)
    verify(graph)
    return graph
