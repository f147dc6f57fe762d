"""Quantised: a model in int8 with what that cost."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypedDict, Unpack

from tinsmith.compress.method import LayerError, OutputError
from tinsmith.core.job import Job
from tinsmith.core.units import count_text, percent_text
from tinsmith.facade import _work
from tinsmith.facade.arrays import Cases, taken
from tinsmith.facade.model import Model
from tinsmith.facade.shown import Row

_WORST = 3


@dataclass(frozen=True, repr=False, eq=False)
class Quantised(Model):
    """A model whose layers compute with integers.

    Args:
        source: the float model.
        cases: how many cases calibrated it.
        losses: what each layer, its weights and the outputs lost (``losses.done``).
    """

    source: Model
    cases: int
    losses: _work.Losses

    @property
    def notes(self) -> tuple[str, ...]:
        """What the importer has to say of the model, and where much was lost."""
        return (*self.source.notes, *self.losses.notes)

    @property
    def output_errors(self) -> tuple[OutputError, ...]:
        """What each output lost over the calibration cases: SQNR in dB, largest error; ``top1`` is
        the share of cases with the same class, None where the output is not known to be one of
        class scores."""
        return self.losses.outputs

    @property
    def worst_layers(self) -> tuple[LayerError, ...]:
        """What the layers lost (SQNR in dB), the worst first."""
        return tuple(sorted(self.losses.done.errors, key=lambda e: e.sqnr_db))

    def _rows(self) -> Iterable[Row]:
        yield from super()._rows()
        yield "before", f"{count_text(self.source.weights_bytes)} B, {self.source.graph.dialect}"
        yield "calibrated", f"on {count_text(self.cases)} cases, by {self.losses.done.method}"
        for error in self.output_errors:
            yield "output", f"{error.value}: {error.sqnr_db:.1f} dB above its quantisation noise"
            if error.top1 is not None:
                yield "agreement", f"{percent_text(error.top1)} of the cases have the same class"
        for layer in self.worst_layers[:_WORST]:
            yield "layer", f"{layer.stage or layer.value}: {layer.sqnr_db:.1f} dB"
        for node in self.losses.done.floats:
            yield "stays float", f"{node.node} ({node.op}): {node.reason}"


class How(TypedDict, total=False):
    """How a model is quantised; see `quantise`."""

    method: str
    io: Literal["float", "int8"]
    rounding: Literal["double", "single", "onnx"]
    reset_each: bool
    least_sqnr: float


def quantise(
    model: Model, calibration: Cases, job: Job | None = None, **how: Unpack[How]
) -> Quantised:
    """Quantise a float model with your own data.

    Args:
        model: a float model.
        calibration: some dozens of typical cases, [case, *shape] for each input; see `Cases`.
        job: from `tinsmith.job`, to watch it or to cancel.
        method: a name of `tinsmith kinds method`; ``int8_ptq`` if none.
        io: inputs and outputs stay ``float`` (if nothing is said), or become ``int8`` with scale
            and zero point.
        rounding: how sums are brought to int8: ``double`` (if nothing is said), ``single`` or
            ``onnx``.
        reset_each: states are reset before each case, not only before the first.
        least_sqnr: dB of a typical case that every output has to keep, 6 if nothing is said; 0
            takes any loss.

    Raises:
        UserError: ``compress.dialect`` (the model is not float), ``compress.calibration`` (NaN or
            infinity in the cases), ``quantise.*`` (``quantise.loss``: too little is left; says
            which layer and which case are to blame), ``model.inputs.*``.
        UnknownKind: no such method.

    Example:
        >>> small = ts.quantise(model, x[:100])
        >>> small.output_errors[0].sqnr_db
    """
    given = taken(calibration, model.inputs)
    losses = _work.quantised(model.graph, given.arrays, how, job or Job())
    return Quantised(losses.done.graph, model.origin, model, len(given), losses)
