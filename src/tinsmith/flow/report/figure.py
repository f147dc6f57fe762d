"""Figures as inline SVG by matplotlib: deterministic, readable on light and on dark paper."""

import io
import re
from collections.abc import Sequence
from typing import Any

from tinsmith.core.errors import MissingTool

INK = "#123456"
"""Drawn in this colour is whatever should have the page's text colour: replaced by currentColor."""
FAINT = "#654321"
"""The same for grid and frames: currentColor, mostly transparent."""
COLOURS = ("#3b7dd8", "#e0812b", "#2f9e72", "#c8508f", "#8a6fd1", "#4aa5b8", "#b0902a", "#d4574e",
           "#7d9c3a", "#a0627d", "#5f7fa8", "#c9a13b", "#6b8e8a", "#b5655a")  # fmt: skip
"""Middle tones of equal weight, legible on white and on near-black."""
MISSING = "#8b929c"
FULL, HALF = 9.6, 4.72
"""Widths of figures in inches: those of the page's full width, and those that stand in pairs. Their
ratio is that of the widths on the page, so letters have one size everywhere."""


class Figure:
    """A matplotlib figure of one or more panels in the report's style.

    Raises:
        MissingTool: matplotlib is not installed.
    """

    def __init__(
        self, size: tuple[float, float], panels: tuple[int, int] = (1, 1), **options: Any
    ) -> None:
        try:
            from matplotlib.figure import Figure as Canvas
        except ModuleNotFoundError as e:
            raise MissingTool("matplotlib", "Try: pip install 'tinsmith[report]'") from e
        self._figure = Canvas(figsize=size, layout="constrained")
        grid = self._figure.subplots(*panels, squeeze=False, **options)
        self.axes: list[Any] = list(grid.flat)
        for axes in self.axes:
            _dress(axes)

    def svg(self, title: str) -> str:
        """The figure as an SVG element with ``title`` for screen readers."""
        import matplotlib

        style = {"svg.hashsalt": title, "svg.fonttype": "none", "font.family": "sans-serif"}
        buffer = io.StringIO()
        self._figure.align_xlabels()
        with matplotlib.rc_context(style):
            self._figure.savefig(
                buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
            )
        return _clean(buffer.getvalue(), title)


def rows_height(count: int) -> float:
    """Height of a figure of ``count`` bars or dots one below the other, in inches."""
    return 0.9 + 0.3 * count


def legend(axes: Any, **options: Any) -> None:
    """A legend without a frame, in the page's text colour."""
    axes.legend(frameon=False, fontsize=8, labelcolor=INK, **options)


def barh(axes: Any, names: Sequence[str], values: Sequence[float], texts: Sequence[str]) -> None:
    """Horizontal bars from top to bottom, each with its value written behind it."""
    at = range(len(names))
    axes.barh(at, values, color=COLOURS[0], height=0.62)
    axes.set_yticks(at, names)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    for y, value, text in zip(at, values, texts, strict=True):
        axes.annotate(text, (value, y), xytext=(4, 0), textcoords="offset points", va="center",
                      fontsize=8, color=INK)  # fmt: skip
    axes.margins(x=0.3)
    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}".replace(",", " "))


def _dress(axes: Any) -> None:
    axes.tick_params(colors=INK, labelsize=8, length=0)
    axes.xaxis.label.set(color=INK, fontsize=9)
    axes.yaxis.label.set(color=INK, fontsize=9)
    axes.title.set_color(INK)
    for name, spine in axes.spines.items():
        spine.set(color=FAINT, visible=name in ("left", "bottom"))
    axes.grid(visible=True, color=FAINT, linewidth=0.5)
    axes.set_axisbelow(True)


def _clean(text: str, title: str) -> str:
    """Only the element, with our colours and ids that do not clash among figures."""
    body = text[text.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = body.replace(INK, "currentColor")
    body = re.sub(rf"stroke: {FAINT}", "stroke: currentColor; stroke-opacity: 0.18", body)
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower())
    body = re.sub(r'(?<= id=")', f"{slug}-", body)
    body = re.sub(r"(?<=url\(#)|(?<=href=\"#)", f"{slug}-", body)
    body = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", body, count=1)
    body = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", body, count=1)
    label = title.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return body.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
