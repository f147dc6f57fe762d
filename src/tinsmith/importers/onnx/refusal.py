"""How the importer refuses: by a code, a sentence and what to do."""

from typing import NoReturn

from tinsmith.importers._frame import Refusal, Unsupported

refuse = Refusal("onnx")


def broken(why: str) -> NoReturn:
    """Refuse a file that is no well-formed model."""
    refuse("broken", f"The file is no well-formed ONNX model: {why}.", "Export the model again.")


class NotConstant(Unsupported):
    """An operand, by position, that has to be known at import and is computed when the model
    runs."""

    def __init__(self, position: int) -> None:
        super().__init__(
            f"operand {position} has to be a constant of the model (an initialiser); it decides "
            "about shapes or about the code"
        )
        self.position = position


class InnerConstant(Exception):
    """A value inside the body of a function, by name, has to be known at import and is not."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
