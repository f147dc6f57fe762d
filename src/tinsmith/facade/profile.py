"""Profile: where the time of one inference goes."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from tinsmith.core.units import count_text
from tinsmith.facade import _work
from tinsmith.facade.shown import Row, Shown


@dataclass(frozen=True, repr=False)
class Profile(Shown, _work.Profile):
    """Instructions of each layer (``layers``), its share, its multiple of what the core's
    multiplier needs at least, model cycles where the core has a table, and advice."""

    @classmethod
    def of(cls, found: _work.Profile) -> "Profile":
        """A profile that prints itself."""
        return cls(**{f.name: getattr(found, f.name) for f in fields(found)})

    def _title(self) -> str:
        return f"{self.model} on {self.board}: {count_text(self.total.value)} instructions"

    def _rows(self) -> Iterable[Row]:
        for x in self.layers:
            bound = f"{x.of_bound:.1f} x bound" if x.of_bound else ""
            yield x.node, count_text(x.instructions.value), f"{x.share:.1%}", bound, x.kernel
        for text in self.advice:
            yield "advice", text
