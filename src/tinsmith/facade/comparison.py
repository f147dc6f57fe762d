"""Comparison: two executions of a model side by side, layer by layer."""

from collections.abc import Iterable
from dataclasses import dataclass

from tinsmith.core.units import count_text
from tinsmith.facade import _work
from tinsmith.facade.shown import Row, Shown


@dataclass(frozen=True, repr=False)
class Comparison(Shown, _work.Comparison):
    """All layers in order of execution in two executions, the first that differs (None if none
    does), and in words what explains it."""

    def _title(self) -> str:
        first = "equal" if self.first is None else f"{self.first.node} differs first"
        return f"{self.model}: {' and '.join(self.origins)}: {first}"

    def _rows(self) -> Iterable[Row]:
        for layer in self.layers:
            share = f"{count_text(layer.differing)} of {count_text(layer.total)} differ"
            yield layer.node, layer.op, layer.type, share
        if self.why:
            yield "why", self.why
