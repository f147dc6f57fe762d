"""What is said where a module or a file of PyTorch is refused."""

from typing import NoReturn

from tinsmith.importers._frame import Refusal

SAVE = (
    "In PyTorch 2.9 or newer: torch.export.save(torch.export.export(model.eval(), (example,)), "
    "'model.pt2'), with an example of batch size 1."
)
"""How a file comes about that is read."""
FIXED = "Export without dynamic_shapes, from an example of batch size 1."
LISTED = "What is supported: tinsmith kinds ops."
refuse = Refusal("pt2")
"""For files; `exporting.py` has the one for modules."""


def broken(message: str) -> NoReturn:
    """Refuse a file that contradicts itself or the format."""
    refuse("broken", f"The file is broken: {message}.", SAVE)
