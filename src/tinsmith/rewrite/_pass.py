"""A pass is a contract: what it requires, what it does, what it ensures. Functional: graph in,
graph out."""

from collections.abc import Callable
from dataclasses import dataclass

from tinsmith.core.catalogue import Catalogue
from tinsmith.core.errors import InternalError, UserError
from tinsmith.ir.graph import Dialect, Graph
from tinsmith.ir.rules import verify


@dataclass(frozen=True)
class Pass:
    """A graph rewrite.

    Args:
        requires: dialects it accepts.
        ensures: dialect of its result; None means unchanged.
        rewrite: the work; returns the very same object where there is nothing to do.
        holds: a predicate that must be true of the result, beyond the dialect's grammar.
    """

    name: str
    requires: tuple[Dialect, ...]
    rewrite: Callable[[Graph], Graph]
    ensures: Dialect | None = None
    holds: Callable[[Graph], bool] = lambda graph: True

    def __call__(self, graph: Graph) -> Graph:
        """Check, rewrite, check.

        Raises:
            InternalError: the contract is broken; names the pass and chains the cause.
            UserError: the rewrite found that the graph asks for something that does not exist.
        """
        if graph.dialect not in self.requires:
            raise InternalError(
                f"pass {self.name}: takes {self.requires}, got a {graph.dialect} graph"
            )
        try:
            result = self.rewrite(graph)
            verify(result)
        except UserError:
            raise
        except Exception as e:
            raise InternalError(f"pass {self.name}: {e}") from e
        if result.dialect != (self.ensures or graph.dialect) or not self.holds(result):
            raise InternalError(f"pass {self.name}: its result breaks its own promise")
        return result


PASSES: Catalogue[Pass] = Catalogue("pass", "tinsmith.rewrite", Pass)
