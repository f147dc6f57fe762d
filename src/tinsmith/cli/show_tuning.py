"""What tuning changed, as text for people."""

from tinsmith.cli.tables import facts, show_table
from tinsmith.core.units import bytes_text, count_text
from tinsmith.flow.tuning import LayerChange, Tuning
from tinsmith.tune.variants import Variant

HEAD = ("layer", "before", "after", "{} before", "after", "change")


def show_tuning(found: Tuning) -> None:
    """A table of layers, then what holds for all."""
    show_table(tuple(h.format(found.unit) for h in HEAD), [_row(x) for x in found.layers])
    if len(found.stages) > 1:
        head = ("stage", f"{found.unit} before", "after", "change")
        show_table(head, [_stage(n, *times) for n, times in found.stages.items()], follows=True)
    a, b = found.before, found.after
    rows = [
        (found.unit, _pair(count_text(a.time), count_text(b.time), a.time, b.time)),
        ("flash", _pair(bytes_text(a.flash), bytes_text(b.flash), a.flash, b.flash)),
        ("RAM with stack", _pair(bytes_text(a.ram), bytes_text(b.ram), a.ram, b.ram)),
        ("stack", _pair(bytes_text(a.stack), bytes_text(b.stack), a.stack, b.stack)),
        ("optimised for", found.optimize),
        ("toolchain", found.toolchain),
        ("images", f"{found.images}: {found.built} built and {found.ran} run now"),
        ("written to", str(found.lock)),
    ]
    facts(f"{found.model} on {found.board} (emulated)", rows)


def _row(x: LayerChange) -> tuple[str, ...]:
    after = "same" if x.after == x.before else _name(x.after)
    then, now = x.time_before, x.time_after
    return (x.layer, _name(x.before), after, count_text(then), count_text(now), _change(then, now))


def _stage(name: str, before: float, after: float) -> tuple[str, ...]:
    return (name, count_text(before), count_text(after), _change(before, after))


def _name(variant: Variant) -> str:
    return f"{variant.kernel}, {variant.level}"


def _pair(before: str, after: str, a: float, b: float) -> str:
    return f"{before} before, {after} after ({_change(a, b)})"


def _change(before: float, after: float) -> str:
    return f"{after / before - 1:+.1%}" if before else ""
