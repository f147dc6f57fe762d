"""A profile as text for people."""

from tinsmith.cli.tables import facts, out, show_table
from tinsmith.core.units import bytes_text, count_text
from tinsmith.flow.profile import LayerProfile, Profile

HEAD = ("layer", "operations", "kernel", "instructions", "share", "per product", "of bound",
        "model cycles", "products", "weights", "result")  # fmt: skip


def show_profile(found: Profile) -> None:
    """A table of layers, then what holds for all, then advice."""
    show_table(HEAD, [_row(x) for x in found.layers])
    longest = found.longest
    rows = [
        ("instructions", f"{count_text(found.total.value)} (emulated)"),
        ("longest step", f"{longest.node}, {count_text(longest.instructions.value)} instructions"),
        ("bound", "the fewest instructions that multiply: nothing else is counted in it"),
    ]
    if found.model_cycles:
        rows.append(("model cycles", f"{found.model_cycles.text} ({found.model_cycles.source})"))
    if found.cycles:
        rows.append(("cycles", f"{found.cycles.text}, estimated ({found.cycles.source})"))
    facts(f"{found.model} on {found.board}", rows)
    for text in found.advice:
        out().print(f"- {text}", markup=False)


def _row(x: LayerProfile) -> tuple[str, ...]:
    each, bound = x.per_product, x.of_bound
    return (
        x.node, x.operation, x.kernel, count_text(x.instructions.value), f"{x.share:.1%}",
        f"{each:.2f}" if each else "", f"{bound:.1f} x" if bound else "",
        count_text(x.cycles.value) if x.cycles else "", count_text(x.products),
        bytes_text(x.weight_bytes), bytes_text(x.result_bytes),
    )  # fmt: skip
