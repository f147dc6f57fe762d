"""Charts of one board: memory over time, flash by section, instructions by layer, latency."""

from collections.abc import Mapping, Sequence

from tinsmith.core.quantity import Estimated
from tinsmith.core.units import bytes_text, count_text
from tinsmith.flow.report.figure import COLOURS, FULL, HALF, INK, Figure, barh, legend, rows_height
from tinsmith.flow.result import BoardResult

_RAM_ONLY = (".bss", ".stack", ".noinit")
_MOST = 12
"""Bars per chart; what is left over is one bar more."""


def memory_plan(result: BoardResult) -> str:
    """The arena over the steps of one inference: a rectangle is a buffer, as wide as it lives."""
    from matplotlib.patches import Rectangle

    module = result.firmware.module
    stages = {o: n.stage for n in module.graph.nodes for o in n.outputs}
    order = ["input", *dict.fromkeys(n.stage or "other" for n in module.graph.nodes), "scratch"]
    figure = Figure((FULL, 3.6))
    (axes,) = figure.axes
    seen: set[str] = set()
    places = sorted(module.plan.places.items(), key=lambda item: (item[1].first, item[0]))
    for name, place in places:
        stage = "scratch" if "#" in name else stages.get(name, "input") or "other"
        colour = COLOURS[order.index(stage) % len(COLOURS)]
        label = None if stage in seen else stage
        seen.add(stage)
        axes.add_patch(
            Rectangle((place.first - 0.5, place.offset), place.last - place.first + 1, place.nbytes,
                      facecolor=colour, alpha=0.7, edgecolor=colour, linewidth=0.4, label=label)
        )  # fmt: skip
    axes.axhline(module.plan.arena_bytes, color=INK, linewidth=0.8, linestyle=":")
    axes.set(xlim=(-1.6, len(module.graph.nodes) + 0.6), ylim=(0, 1.06 * module.plan.arena_bytes))
    axes.set_xlabel("step")
    axes.set_ylabel("offset in the arena, B")
    legend(axes, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure.svg(f"Memory plan over time, {result.board.id}")


def sizes(result: BoardResult) -> str:
    """Flash by section, and RAM by what it is for; as high as the chart of instructions. Empty
    where no image is linked."""
    size, plan = result.firmware.size, result.firmware.module.plan
    stack = result.measured.outcome.stack
    if size is None:
        return ""
    flash = _largest({n: q.value for n, q in size.sections.items() if n not in _RAM_ONLY})
    rest = size.ram_static.value - plan.arena_bytes - plan.state_bytes
    ram: list[tuple[str, float]] = [
        ("arena", plan.arena_bytes),
        ("state", plan.state_bytes),
        ("other data", rest),
        ("stack", stack.value if stack else 0),
    ]
    heights = (len(flash) + 0.5, len(ram) + 0.5)
    height = max(1.3 + 0.3 * sum(heights), rows_height(len(_layers(result))))
    figure = Figure((HALF, height), (2, 1), height_ratios=heights)
    parts: list[tuple[str, list[tuple[str, float]]]] = [("Flash", flash), ("RAM", ram)]
    for axes, (name, rows) in zip(figure.axes, parts, strict=True):
        values = [v for _, v in rows]
        barh(axes, [n for n, _ in rows], values, [bytes_text(int(v)) for v in values])
        axes.set_title(f"{name}: {bytes_text(int(sum(values)))}", loc="left", color=INK, fontsize=9)
    figure.axes[1].set_xlabel("bytes")
    return figure.svg(f"Flash and RAM, {result.board.id}")


def instructions(result: BoardResult) -> str:
    """Instructions of one inference by layer (node), the largest first."""
    rows = _layers(result)
    figure = Figure((HALF, rows_height(len(rows))))
    (axes,) = figure.axes
    total = max(1.0, sum(v for _, v in rows))
    texts = [f"{count_text(v)} ({100 * v / total:.0f} %)" for _, v in rows]
    barh(axes, [n for n, _ in rows], [v for _, v in rows], texts)
    axes.set_xlabel("instructions of one inference")
    return figure.svg(f"Instructions by layer, {result.board.id}")


def latency(estimates: Sequence[tuple[str, Estimated]]) -> str:
    """Latency ranges of the boards that have one."""
    figure = Figure((HALF, rows_height(len(estimates))))
    (axes,) = figure.axes
    for y, (_, e) in enumerate(estimates):
        axes.plot([e.low, e.high], [y, y], color=COLOURS[0], linewidth=6, alpha=0.45,
                  solid_capstyle="butt")  # fmt: skip
        axes.plot([e.value], [y], "o", color=COLOURS[0])
    axes.set_yticks(range(len(estimates)), [name for name, _ in estimates])
    axes.set(ylim=(len(estimates) - 0.5, -0.5), xlim=(0, 1.15 * max(e.high for _, e in estimates)))
    axes.set_xlabel(f"latency of one inference, {estimates[0][1].unit} (estimated)")
    return figure.svg("Latency")


def _layers(result: BoardResult) -> list[tuple[str, float]]:
    return _largest({n: q.value for n, q in (result.measured.outcome.layers or {}).items()})


def _largest(values: Mapping[str, float]) -> list[tuple[str, float]]:
    rows = sorted(((n, v) for n, v in values.items() if v > 0), key=lambda row: (-row[1], row[0]))
    rest = sum(v for _, v in rows[_MOST:])
    return rows[:_MOST] + ([(f"{len(rows) - _MOST} more", rest)] if rest else [])
