"""The grammar of the IR: one table of rules per dialect; each rule that rejects says why in a
sentence."""
# The first version is completed with the operations.

from tinsmith.ir.graph import Graph


def verify(graph: Graph) -> None:
    """Check a graph against its dialect's grammar."""
