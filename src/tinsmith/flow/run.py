"""The whole story, read first: recordings in, a proven inference module on each board out.

Each line is a step: content-addressed, recorded, resumable (`core/job.py`); what a step depends on
and who computes it stands in `flow/steps.py` and, from the graph on, in `flow/stages.py`.
"""

from tinsmith.build.firmware import Firmware
from tinsmith.core.quantity import Estimated
from tinsmith.devices.board import Board
from tinsmith.flow import gates
from tinsmith.flow.figures import figures
from tinsmith.flow.result import BoardResult, Model, Result
from tinsmith.flow.steps import Steps


def run(steps: Steps) -> Result:
    """From recordings to accepted firmware, for all boards of the project."""
    model = make_model(steps)
    return Result(model, tuple(deliver(steps, model, board) for board in steps.project.boards))


def make_model(steps: Steps) -> Model:
    """From recordings to a trained and compressed graph."""
    dataset = steps.load()
    windows = steps.cut(dataset)
    features = steps.survey(windows)
    trained = steps.train(windows, features)
    graph = steps.export(trained)
    compressed = steps.compress(graph, windows)
    before = steps.judge(graph, windows, dataset)
    after = steps.judge(compressed.graph, windows, dataset)
    return Model(dataset, windows, features, trained, graph, compressed, before, after)


def make_firmware(steps: Steps, model: Model, board: Board) -> Firmware:
    """From the compressed graph to C, and from C to a linked image."""
    module = steps.compile(model.compressed.graph, board)
    return steps.build(module, board)


def deliver(steps: Steps, model: Model, board: Board) -> BoardResult:
    """From the compressed graph to a measured, proven and judged firmware for one board."""
    limits = steps.project.limits
    firmware = make_firmware(steps, model, board)
    measured = steps.measure(firmware, board, model)
    found = figures(firmware, measured.outcome, board)
    proof = steps.prove(firmware, board, model.compressed.graph, model.windows)
    device, reference = measured.accuracy, measured.float_accuracy
    answers = (
        gates.fits(firmware, measured.outcome.stack, board, limits),
        gates.equal(proof.verdicts),
        gates.learned(device, model.trained),
        gates.accurate(device, reference, limits),
        gates.classes(device, reference, model.windows.labels, limits),
        gates.fast(found.find("latency", Estimated), limits),
    )
    return BoardResult(board, firmware, measured, found, proof, answers)
