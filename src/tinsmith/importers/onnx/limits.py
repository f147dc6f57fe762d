"""How large a file's graph may be."""

MOST_NODES = 20_000
MOST_DEPTH = 8
"""Levels of subgraphs inside each other."""
MOST_CALLS = 64
"""Levels of functions that call each other."""
