"""Names of graphs that come from files."""

import re
from pathlib import Path


def graph_name(path: Path, name: str = "") -> str:
    """``name``, or the file's, as a C identifier."""
    stem = re.sub(r"[^A-Za-z0-9]+", "_", name or path.stem).strip("_") or "model"
    return f"m_{stem}" if stem[0].isdigit() else stem
