"""A profile as a picture: a bar for each layer, in order of execution."""

from pathlib import Path

from tinsmith.core.cache import write_atomically
from tinsmith.core.errors import UserError
from tinsmith.core.units import count_text
from tinsmith.flow.places import check_output
from tinsmith.flow.profile import Profile
from tinsmith.flow.report.figure import FULL, INK, Figure, barh, rows_height

SUFFIX = ".svg"


def check_picture(file: Path, model: Path) -> None:
    """Whether a picture can be written there.

    Raises:
        UserError: ``profile.picture`` (another suffix), ``output.place``.
    """
    if file.suffix.lower() != SUFFIX:
        raise UserError(
            "profile.picture",
            f"{file} does not end with {SUFFIX}.",
            f"Write for instance: --picture {(file.stem or 'profile') + SUFFIX}",
        )
    check_output(file, model)


def write_picture(profile: Profile, file: Path) -> None:
    """Bars of instructions, each with its share and its multiple of the bound.

    Raises:
        MissingTool: matplotlib is not installed.
    """
    layers = profile.layers
    figure = Figure((FULL, rows_height(len(layers))))
    (axes,) = figure.axes
    texts = []
    for x in layers:
        bound = f", {x.of_bound:.1f} x bound" if x.of_bound else ""
        texts.append(f"{count_text(x.instructions.value)} ({x.share:.0%}{bound})")
    barh(axes, [x.node for x in layers], [float(x.instructions.value) for x in layers], texts)
    title = f"{profile.model} on {profile.board}: {count_text(profile.total.value)} instructions"
    axes.set_title(title, loc="left", color=INK, fontsize=9)
    axes.set_xlabel("instructions of one inference")
    svg = figure.svg(title).replace("<svg ", '<svg style="background:#fff;color:#222" ', 1)
    write_atomically(file, svg.encode())
