"""Rewrites of graphs that importers, compression and the compiler share, one file each; what a pass
promises stands in `_pass.py`, how constants are evaluated in `_constants.py`."""

from tinsmith.rewrite._constants import evaluate, folded, known_value
from tinsmith.rewrite._pass import PASSES, Pass

__all__ = ["PASSES", "Pass", "evaluate", "folded", "known_value"]
