"""Rewrites of graphs that importers, compression and the compiler share, one file each; what a pass
promises stands in `_pass.py`."""

from tinsmith.rewrite._pass import PASSES, Pass

__all__ = ["PASSES", "Pass"]
